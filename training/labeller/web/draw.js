// Draws the page from the state object, which nothing here changes.

import { recordingUrl, request } from "./api.js";
import { byId, clock, frames as framesText, make, percent, show, tone } from "./dom.js";
import { drawUnsure } from "./panel.js";
import { detailView, isVideo, kindName, rangeHere, state, task, timeAt, wholeView } from "./state.js";
import { Timeline } from "./timeline.js";

const FLASH_MS = 180;
let calls = null;
let overview = null;
let detail = null;
let drawn = "";
let proposalTicket = 0;

// callbacks: run(command), seek(frame), peek(frame, boundary), move(boundary, to).
export function prepare(callbacks) {
  calls = callbacks;
  overview = new Timeline(byId("overview"), state.setup, "Whole recording", calls);
  detail = new Timeline(byId("detail"), state.setup, "Around this frame", calls);
  const keys = Object.entries(state.setup.keys).map(([key, label]) =>
    make(
      "button",
      { type: "button", className: `key ${tone(label, state.setup)}`, "data-label": label, onclick: () => calls.run({ label }) },
      make("kbd", { text: key }),
      make("span", { text: label }),
    ),
  );
  byId("keys").replaceChildren(...keys);
}

export function draw() {
  const { recording } = state;
  if (!recording) return;
  drawTimelines();
  const usable = recording.frames.decoded > 0;
  const finished = state.finishedSince !== null;
  show(byId("timeline-panel"), usable && isVideo());
  show(byId("keys"), usable);
  show(byId("card"), finished);
  byId("title").textContent = recording.name;
  drawPosition();
  drawTask(finished);
  drawRange();
  drawKeys();
  drawUndoRedo();
  drawProposal(finished);
  drawProgress();
  rememberPosition();
}

function drawTimelines() {
  const { recording } = state;
  const whole = wholeView();
  const closer = detailView();
  const { labels, proposals, frames } = recording;
  const key = JSON.stringify([recording.filename, whole.to, labels.ranges, proposals.stretches.length, frames.shown.length, closer?.from]);
  if (key === drawn) {
    overview.move(whole);
    if (closer) detail.move(closer);
  } else {
    drawn = key;
    overview.draw(whole);
    show(byId("detail"), Boolean(closer));
    if (closer) detail.draw(closer);
  }
  drawUnsure(recording, state.setup, state.position, calls.seek);
}

export function drawPosition() {
  const { recording, position, displayed, awaited, finishedSince } = state;
  const { frames } = recording;
  const total = frames.complete ? frames.decoded : frames.expected;
  const here = displayed?.filename === recording.filename || state.peeking;
  byId("position").textContent = isVideo() ? `frame ${position}${lastFrame(position, total)} · ${clock(timeAt(position))}` : "";
  const image = byId("frame-image");
  image.classList.toggle("away", !here);
  // The frame that is really visible, which may lag behind the requested one.
  image.dataset.seen = displayed ? `${displayed.filename}@${displayed.frame}` : "";
  image.alt = isVideo() ? `Frame ${position} of ${recording.name}` : `The photo ${recording.name}`;
  let waiting = "";
  if (awaited) waiting = "Decoding the next frame …";
  else if (!here) waiting = "Opening …";
  if (finishedSince !== null || (recording.problem && !frames.decoded)) waiting = "";
  byId("waiting").textContent = waiting;
  show(byId("waiting"), Boolean(waiting));
}

// Frames are counted from 0, so the last one is one less than their number.
function lastFrame(position, total) {
  if (!total) return "";
  return position === total - 1 ? ", the last one" : ` of 0–${total - 1}`;
}

function drawTask(finished) {
  if (!isVideo()) return;
  const { first, last } = task();
  const verb = rangeHere() ? "relabels" : "labels";
  byId("task").textContent = finished ? "Every frame has a label." : `A key ${verb} ${framesText(first, last)}.`;
}

function drawRange() {
  const { labels } = state.setup;
  const range = rangeHere();
  const select = byId("range-label");
  show(select.parentElement, Boolean(range));
  if (!range) return;
  byId("range-text").textContent = range.first === range.last ? `Frame ${range.first}` : `Frames ${range.first}–${range.last}`;
  const options = labels.includes(range.label) ? labels : [range.label, ...labels];
  if (select.dataset.options !== options.join("\n")) {
    select.dataset.options = options.join("\n");
    select.replaceChildren(...options.map((label) => make("option", { text: label, value: label })));
  }
  select.value = range.label;
}

function drawKeys() {
  const now = rangeHere()?.label;
  for (const button of byId("keys").children) {
    if (button.dataset.label === now) button.setAttribute("aria-pressed", "true");
    else button.removeAttribute("aria-pressed");
  }
}

function drawUndoRedo() {
  const { labels } = state.recording;
  const saving = byId("saved").dataset.state !== "saved";
  byId("undo").disabled = !labels.can_undo && !saving;
  byId("redo").disabled = !labels.can_redo;
}

export function flash(label) {
  const button = [...byId("keys").children].find((one) => one.dataset.label === label);
  button?.classList.add("flash");
  setTimeout(() => button?.classList.remove("flash"), FLASH_MS);
}

export function remindOfKeys() {
  byId("keys").classList.remove("remind");
  requestAnimationFrame(() => byId("keys").classList.add("remind"));
}

// The model's proposal for the frames that a key labels now.
export async function currentProposal() {
  const { recording } = state;
  if (recording?.proposals.state !== "ready") return null;
  const { first, last } = task();
  const known = recording.proposals.stretches.find((one) => one.first === first && one.last === last);
  return known ?? request(`${recordingUrl(recording.filename)}/proposal?first=${first}&last=${last}`);
}

async function drawProposal(finished) {
  const { recording } = state;
  proposalTicket += 1;
  const ticket = proposalTicket;
  const text = proposalText(recording.proposals);
  if (finished || text !== null) {
    fillProposal(make("span", { className: "soft", text: finished ? "" : text }));
    return;
  }
  const proposal = await currentProposal().catch(() => null);
  if (ticket !== proposalTicket || state.recording !== recording) return;
  fillProposal(proposal?.label ? suggestion(proposal) : make("span", { className: "soft", text: "The model finds no one here." }));
}

function proposalText({ state: status, note, progress }) {
  if (status === "ready") return null;
  if (status === "none") return note ?? "";
  return `Computing proposals${progress ? `: ${percent(progress)}` : ""} …`;
}

function suggestion({ label, confidence }) {
  return make(
    "button",
    { type: "button", className: `button suggestion ${tone(label, state.setup)}`, onclick: () => calls.run({ command: "accept" }) },
    make("span", { className: "soft", text: "The model proposes" }),
    make("span", { className: "dot" }),
    make("strong", { text: label }),
    make("span", { className: "soft", text: percent(confidence) }),
    make("kbd", { text: "Enter" }),
  );
}

// An unchanged button is not replaced, because the user may be about to click it.
function fillProposal(content) {
  const box = byId("proposal");
  if (box.firstChild?.isEqualNode?.(content)) return;
  box.replaceChildren(content);
}

export function drawProgress() {
  const left = state.listing.queue.length;
  byId("progress-text").textContent = left ? `${left} ${kindName(left)} to label` : `All ${kindName(2)} are labelled`;
}

export function drawSaved(saved, waiting) {
  const element = byId("saved");
  element.dataset.state = saved;
  const presses = waiting === 1 ? "1 key press is" : `${waiting} key presses are`;
  element.textContent = { saved: "Saved", saving: "Saving …", lost: `${presses} not saved yet. Trying again …` }[saved];
}

// Keeps the address pointing at this frame.
function rememberPosition() {
  if (state.awaited) return;
  const address = `#${encodeURIComponent(state.recording.filename)}@${state.position}`;
  if (location.hash !== address) history.replaceState(null, "", address);
}

export function say(text, kind = "") {
  byId("message").textContent = text;
  byId("message").dataset.kind = kind;
}

export function showAlert(text) {
  byId("alert").textContent = text;
  show(byId("alert"), Boolean(text));
}
