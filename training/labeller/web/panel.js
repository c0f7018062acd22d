// The list of recordings, the least sure stretches, the card after a recording, and the help dialog.

import { byId, clock, make, percent, show, tone } from "./dom.js";
import { CORRECTING, MOVING } from "./keyboard.js";

const SHOWN_AT_FIRST = 120;
const expanded = new Set();

// The recordings to label in queue order, the labelled ones, and those that cannot be labelled.
function groups(listing) {
  const byName = new Map(listing.recordings.map((recording) => [recording.filename, recording]));
  return {
    queued: listing.queue.map((name) => byName.get(name)),
    done: listing.recordings.filter((one) => one.status === "done"),
    damaged: listing.recordings.filter((one) => one.status === "problem"),
  };
}

export function listOrder(listing) {
  const { queued, done, damaged } = groups(listing);
  return [...queued, ...done, ...damaged].map((one) => one.filename);
}

export function drawList(listing, current, open, bySurety = false) {
  const { queued, done, damaged } = groups(listing);
  const focused = document.activeElement?.dataset?.filename;
  const redraw = () => drawList(listing, current, open, bySurety);
  byId("list").replaceChildren(
    ...[
      [bySurety ? "To label, least sure first" : "To label", queued],
      ["Labelled", done],
      ["Cannot be labelled", damaged],
    ]
      .filter(([, members]) => members.length)
      .map(([title, members]) => group(title, members, current, open, redraw)),
  );
  if (focused) byId("list").querySelector(`[data-filename="${CSS.escape(focused)}"]`)?.focus();
  const all = listing.recordings.length - damaged.length;
  byId("overall").value = all ? done.length / all : 0;
  byId("list-title").textContent = `${done.length} of ${all} labelled`;
}

function group(title, members, current, open, redraw) {
  const shown = expanded.has(title) ? members : members.slice(0, SHOWN_AT_FIRST);
  const items = shown.map((one) => item(one, one.filename === current, open));
  if (shown.length < members.length) {
    const more = () => {
      expanded.add(title);
      redraw();
    };
    items.push(make("li", {}, make("button", { type: "button", className: "recording soft", onclick: more, text: `Show ${members.length - shown.length} more` })));
  }
  return make("div", {}, make("h3", { text: `${title} (${members.length})` }), make("ul", {}, ...items));
}

function item(one, here, open) {
  const button = make(
    "button",
    {
      type: "button",
      className: "recording",
      "data-filename": one.filename,
      "aria-current": here ? "true" : null,
      onclick: () => open(one.filename),
    },
    make("span", { className: "name", text: one.name }),
    make("span", { className: "soft small", text: statusText(one) }),
  );
  if (one.status === "partial" && one.frames) {
    button.append(make("progress", { max: one.frames, value: one.labelled_frames, "aria-label": "labelled" }));
  }
  if (one.problem) button.append(make("span", { className: "problem small", text: one.problem }));
  return make("li", {}, button);
}

function statusText(one) {
  if (one.status === "done") return "✓";
  if (one.status === "problem") return "";
  if (one.forced) return "again";
  if (!one.labelled_frames) return "";
  return one.frames ? percent(one.labelled_frames / one.frames) : "started";
}

export function drawUnsure(recording, setup, position, go) {
  const { least_sure: unsure, stretches } = recording.proposals;
  show(byId("unsure"), unsure.length > 0 && setup.kind === "video");
  const byLast = new Map(stretches.map((one) => [one.last, one]));
  const time = new Map(recording.frames.shown);
  byId("unsure-list").replaceChildren(
    ...unsure.map((frame) => {
      const { label, confidence } = byLast.get(frame);
      return make(
        "li",
        {},
        make(
          "button",
          { type: "button", className: "recording", "aria-current": frame === position ? "true" : null, onclick: () => go(frame) },
          make("span", { className: `dot ${tone(label, setup)}` }),
          make("span", { className: "name", text: label }),
          make("span", { className: "soft small", text: `${clock(time.get(frame) ?? 0)} · ${percent(confidence)}` }),
        ),
      );
    }),
  );
}

// The card after a recording is finished, or after the last one.
export function drawCard({ recording, next, left, setup }) {
  const kinds = setup.kind === "video" ? "videos" : "photos";
  byId("card-title").textContent = next ? `${recording.name} is labelled` : `All ${kinds} are labelled`;
  byId("card-text").textContent = next
    ? `Next: ${next.name}. ${left === 1 ? "It is the last one." : `${left} ${kinds} are left.`}`
    : "All labels are saved. You can close this page and stop the tool with Ctrl-C, or go through the list again.";
  const frames = new Map();
  for (const range of recording.labels.ranges) {
    frames.set(range.label, (frames.get(range.label) ?? 0) + range.last - range.first + 1);
  }
  byId("card-totals").replaceChildren(
    ...[...frames].map(([label, count]) =>
      make("li", {}, make("span", { className: `dot ${tone(label, setup)}` }), make("strong", { text: label }), make("span", { className: "soft", text: count === 1 ? "1 frame" : `${count} frames` })),
    ),
  );
  show(byId("card-totals"), setup.kind === "video");
  show(byId("card-next"), Boolean(next));
  byId("card-next").replaceChildren(document.createTextNode("Next recording "), make("kbd", { text: "Enter" }));
}

export function drawHelp(setup) {
  const row = ([key, text]) => make("tr", {}, make("th", { scope: "row" }, make("kbd", { text: key })), make("td", { text }));
  byId("help-labels").replaceChildren(
    ...Object.entries(setup.keys).map(([key, label]) =>
      make("tr", {}, make("th", { scope: "row" }, make("kbd", { text: key })), make("td", {}, make("span", { className: `dot ${tone(label, setup)}` }), ` ${label}`)),
    ),
  );
  byId("help-moving").replaceChildren(...MOVING[setup.kind].map(row));
  byId("help-correcting").replaceChildren(...CORRECTING[setup.kind].map(row));
  byId("help-rule").textContent =
    setup.kind === "video"
      ? `A frame is shown every ${setup.skip_seconds === 1 ? "second" : `${setup.skip_seconds} seconds`}. A key labels every frame from the last labelled one up to and including the one you see. The last frame is always shown. The bracket on the timeline marks the frames that the next key will label. Every key press is saved at once.`
      : "A key labels the photo and opens the next one, which is the one the model is least sure of. Every key press is saved at once.";
}
