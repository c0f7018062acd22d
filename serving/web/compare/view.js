// The view that compares two analysed videos: choice, progress, result, and the list of comparisons.

import { COMPARISONS, VIDEOS, request } from "../shared/api.js";
import { confirmed } from "../shared/confirm.js";
import { byId, icon, make, show } from "../shared/dom.js";
import { hideError, showError } from "../shared/message.js";
import { count } from "../shared/words.js";
import { showResult } from "./result.js";

const POLL_MS = 1000;
const STATUS = { queued: "Waiting", processing: "Comparing", done: "Done", failed: "Failed" };

let current = null; // ID of the open comparison
let result = null;
let timer = 0;

export function start() {
  byId("compare-form").addEventListener("submit", compare);
}

export function enter({ id, comingBack }) {
  hideError();
  if (id && id !== current) open(id);
  else if (!id && current && comingBack) history.replaceState(null, "", `#compare-${current}`);
  else if (!id && current) close();
  list();
}

export function leave() {
  result?.pause();
}

async function compare(event) {
  event.preventDefault();
  hideError();
  const splits = byId("compare-splits").value.trim();
  const given = {
    reference: byId("compare-reference").value,
    target: byId("compare-target").value,
    splits: splits ? splits.split(/[\s,;]+/).map(Number) : null,
  };
  try {
    const headers = { "Content-Type": "application/json" };
    const accepted = await request(COMPARISONS, { method: "POST", headers, body: JSON.stringify(given) });
    location.hash = `#compare-${accepted.id}`;
  } catch (error) {
    showError(error);
  }
}

function open(id) {
  close();
  current = id;
  show(byId("comparison"), true);
  byId("compare").classList.add("open");
  poll(id);
}

function close() {
  clearTimeout(timer);
  result?.close();
  result = current = null;
  show(byId("comparison"), false);
  byId("compare").classList.remove("open");
}

async function poll(id) {
  let comparison;
  try {
    comparison = await request(`${COMPARISONS}/${id}`);
    if (id !== current) return;
    showState(comparison);
    if (comparison.status === "done" && !result) {
      const shown = await showResult(byId("comparison-result"), comparison);
      if (id === current) result = shown;
      else shown.close();
      list();
    }
  } catch (error) {
    if (id !== current) return;
    showError(error);
    if (error.status === 404) close();
    return;
  }
  if (comparison.status === "queued" || comparison.status === "processing") timer = setTimeout(() => poll(id), POLL_MS);
}

function showState({ status, reference_source: reference, target_source: target, frames_done: frames, problem }) {
  byId("comparison-title").textContent = `${reference} and ${target}`;
  byId("comparison-status").textContent = STATUS[status];
  byId("comparison-status").dataset.status = STATUS[status];
  const busy = status === "queued" || status === "processing";
  show(byId("comparison-busy"), busy);
  const progress = frames ? `${count(frames, "frame", "frames")} drawn side by side` : "Looking for the same moments …";
  byId("comparison-text").textContent = problem ?? progress;
  show(byId("comparison-text"), busy || status === "failed");
}

async function list() {
  let videos;
  let comparisons;
  try {
    [{ videos }, { comparisons }] = await Promise.all([request(VIDEOS), request(COMPARISONS)]);
  } catch {
    return; // the page reports problems where the user asked for something
  }
  const done = videos.filter((video) => video.status === "done");
  fill(byId("compare-reference"), done, 1);
  fill(byId("compare-target"), done, 0);
  show(byId("compare-form"), done.length > 1);
  show(byId("compare-few"), done.length < 2);
  show(byId("comparisons-box"), comparisons.length > 0);
  byId("comparisons-list").replaceChildren(...comparisons.map(item));
}

// By default, the newest video is compared with the one before it.
function fill(select, videos, usual) {
  const chosen = select.value;
  const label = ({ source, created_at: created }) =>
    `${source} · ${new Date(created).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
  select.replaceChildren(...videos.map((video) => make("option", { value: video.id, text: label(video) })));
  select.value = videos.some((video) => video.id === chosen) ? chosen : (videos[usual]?.id ?? "");
}

function item(comparison) {
  const name = `${comparison.reference_source} and ${comparison.target_source}`;
  const link = make("a", { href: `#compare-${comparison.id}`, text: name });
  if (comparison.id === current) link.setAttribute("aria-current", "true");
  const when = new Date(comparison.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const remove = { type: "button", className: "icon-button", "aria-label": `Delete the comparison of ${name}`, title: "Delete" };
  return make(
    "li",
    {},
    make("div", {}, link, make("span", { className: "facts", text: when })),
    make("span", { className: "status", text: STATUS[comparison.status], "data-status": STATUS[comparison.status] }),
    make("button", { ...remove, onclick: () => removeOne(comparison.id, name) }, icon("trash")),
  );
}

async function removeOne(id, name) {
  if (!(await confirmed(`Delete the comparison of ${name}? The videos stay.`, "Delete"))) return;
  try {
    await request(`${COMPARISONS}/${id}`, { method: "DELETE" });
    if (id === current) location.hash = "#compare";
  } catch (error) {
    showError(error);
  }
  list();
}
