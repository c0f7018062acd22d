// The video view: upload, progress, result, and the list of videos.

import { ApiError, VIDEOS, request, upload } from "../shared/api.js";
import { confirmed } from "../shared/confirm.js";
import { byId, show } from "../shared/dom.js";
import { acceptChoices } from "../shared/drop.js";
import { showError, hideError } from "../shared/message.js";
import { copyText } from "../shared/save.js";
import { size } from "../shared/words.js";
import { drawBusy } from "./busy.js";
import { TimeLeft } from "./time_left.js";
import { STATUS, listRecent } from "./recent.js";
import { showResult } from "./result.js";

const POLL_MS = 600;
// A service that removes old videos keeps those that are open.
const OPEN_POLL_MS = 5 * 60 * 1000;
const OVERLAY_POLL_MS = 1500;
const LIST_MS = 3000;
const SLOW_POLL_MS = 2000;
const COPIED_MS = 2500;

let limitMb = null;
// Content of the card: { id, source } of a video, or { uploading } while there is no ID yet.
let current = {};
let poll = 0;
let listing = 0;
let timeLeft = null;
let result = null;
let shownStatus = "";

export function start(take) {
  acceptChoices(byId("file"), take);
  byId("demo").addEventListener("click", tryDemo);
  byId("cancel").addEventListener("click", cancel);
  byId("delete").addEventListener("click", () => remove(current.id, current.source));
  byId("failed-delete").addEventListener("click", () => remove(current.id));
  byId("copy-link").addEventListener("click", copyLink);
}

// Returning from another view reopens what was open; a click on this view's own link closes it.
export function enter({ id, comingBack }) {
  if (id && id !== current.id) follow(id);
  else if (!id && current.id && comingBack) history.replaceState(null, "", `#${current.id}`);
  else if (!id && current.id) closeCard();
  list();
}

export function leave() {
  result?.pause();
}

export function setLimit(megabytes) {
  limitMb = megabytes;
  byId("limits").textContent =
    `Up to ${megabytes} MB. Your videos stay on this service, and you can delete them at any time.`;
}

export async function take(file) {
  hideError();
  if (limitMb && file.size > limitMb * 1024 * 1024) {
    showError(new ApiError(413, "Too large", `${file.name} has ${size(file.size)}. The limit is ${limitMb} MB.`));
    return;
  }
  closeCard();
  history.replaceState(null, "", "#video");
  openCard(file.name, "Uploading");
  const uploadTimeLeft = new TimeLeft();
  drawBusy("Uploading…", 0, 1);
  const mine = upload(uploadUrl(), file, (loaded, total) => {
    const left = uploadTimeLeft.text(loaded, total);
    drawBusy(loaded < total ? `${size(loaded)} of ${size(total)} uploaded${left}` : "Checking the file…", loaded, total);
  });
  current = { uploading: mine };
  try {
    const job = await mine.response;
    if (current.uploading === mine) open(job.id);
  } catch (error) {
    if (current.uploading === mine) closeCard();
    if (error.title !== "Cancelled") showError(error);
  }
  await list();
}

// With the chosen slow motion, which holds for one upload only: forgotten, it would spoil all times.
function uploadUrl() {
  const choice = byId("slow-motion");
  const slower = choice.value;
  choice.value = "";
  return slower ? `${VIDEOS}?slow_motion=${slower}` : VIDEOS;
}

// A new address leads to enter(), unless another view is shown by now.
function open(id) {
  if (byId("video").hidden) follow(id);
  else location.hash = id;
}

function follow(id) {
  closeCard();
  current = { id };
  step(id).then(() => byId("current").scrollIntoView({ block: "nearest" }));
}

async function step(id) {
  let job;
  try {
    job = await request(`${VIDEOS}/${id}`);
  } catch (error) {
    if (current.id !== id) return;
    showError(error);
    if (error.status === 404) {
      closeCard();
      history.replaceState(null, "", "#video");
    } else {
      current.lost = true;
      poll = setTimeout(() => step(id), SLOW_POLL_MS);
    }
    return;
  }
  if (current.id !== id) return;
  if (current.lost) hideError();
  current = { id, source: job.source };
  await draw(job);
}

async function draw(job) {
  if (!result) openCard(job.source, STATUS[job.status], job.created_at);
  if (job.status !== shownStatus) {
    shownStatus = job.status;
    await list();
    if (current.id !== job.id) return;
  }
  if (job.status === "done") {
    await finish(job);
  } else if (job.status === "failed") {
    byId("failed-text").textContent = job.problem.detail;
    show(byId("failed"), true);
  } else {
    drawBusy(busyText(job), job.frames_done, job.frames_total);
    poll = setTimeout(() => step(job.id), POLL_MS);
  }
}

function busyText(job) {
  if (job.status === "queued") return "Waiting in the queue…";
  if (!job.frames_done) return "Starting…";
  timeLeft ??= new TimeLeft();
  const frames = job.frames_total ? `${job.frames_done} of ${job.frames_total}` : job.frames_done;
  return `${frames} frames${timeLeft.text(job.frames_done, job.frames_total)}`;
}

async function finish(job) {
  if (!result) {
    try {
      const timeline = await request(job.links.timeline, { headers: { Accept: "application/json" } });
      if (current.id !== job.id) return;
      result = showResult(byId("result"), job, timeline);
    } catch (error) {
      showError(error);
      if (current.id === job.id && error.status === 0) poll = setTimeout(() => step(job.id), SLOW_POLL_MS);
      return;
    }
    show(byId("busy"), false);
    show(byId("result"), true);
    show(byId("current-actions"), true);
    byId("current-title").focus({ preventScroll: true });
  }
  result.update(job);
  if (["waiting", "rendering"].includes(job.overlay?.status)) {
    poll = setTimeout(() => step(job.id), OVERLAY_POLL_MS);
  } else {
    poll = setTimeout(() => step(job.id), OPEN_POLL_MS);
  }
}

function openCard(title, status, createdAt = null) {
  byId("current-title").textContent = title;
  byId("current-facts").textContent = createdAt
    ? new Date(createdAt).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })
    : "";
  byId("current-status").textContent = status;
  byId("current-status").dataset.status = status;
  for (const part of ["busy", "failed", "result", "current-actions"]) show(byId(part), false);
  show(byId("current"), true);
  byId("video").classList.add("open");
}

function closeCard() {
  clearTimeout(poll);
  current = {};
  timeLeft = null;
  shownStatus = "";
  result?.close();
  result = null;
  show(byId("current"), false);
  byId("video").classList.remove("open");
}

async function list() {
  clearTimeout(listing);
  const active = await listRecent(current.id, remove);
  if (!active || byId("video").hidden) return;
  clearTimeout(listing);
  listing = setTimeout(list, LIST_MS);
}

// Asks first, except for cancelled or failed videos, which have no name here.
async function remove(id, name) {
  if (name && !(await confirmed(`Delete ${name} and its analysis?`, "Delete"))) return;
  hideError();
  try {
    await request(`${VIDEOS}/${id}`, { method: "DELETE" });
    if (current.id === id) {
      closeCard();
      history.replaceState(null, "", "#video");
    }
  } catch (error) {
    showError(error);
  }
  await list();
}

function cancel() {
  if (current.uploading) {
    current.uploading.abort();
    closeCard();
  } else if (current.id) {
    remove(current.id);
  }
}

async function tryDemo() {
  hideError();
  byId("demo").disabled = true;
  try {
    const job = await request(`${VIDEOS}/demo`, { method: "POST" });
    open(job.id);
  } catch (error) {
    showError(error);
  } finally {
    byId("demo").disabled = false;
  }
}

async function copyLink() {
  const copied = await copyText(new URL(`#${current.id}`, location.href).href);
  byId("copy-link-text").textContent = copied ? "Copied" : "Copy it from the address bar";
  setTimeout(() => (byId("copy-link-text").textContent = "Copy link"), COPIED_MS);
}
