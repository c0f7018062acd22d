// Draws what is on the page. Nothing here changes what is so.

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

// calls: run(meant), seek(frame), peek(frame, border), move(border, to).
export function prepare(given) {
  calls = given;
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
  drawPlace();
  drawTask(finished);
  drawRange();
  drawKeys();
  drawSteps();
  drawProposal(finished);
  drawProgress();
  rememberPlace();
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

export function drawPlace() {
  const { recording, position, displayed, awaited, finishedSince } = state;
  const { frames } = recording;
  const total = frames.complete ? frames.decoded : frames.expected;
  const here = displayed?.filename === recording.filename || state.peeking;
  byId("place").textContent = isVideo() ? `frame ${position}${total ? ` of ${total}` : ""} · ${clock(timeAt(position))}` : "";
  const image = byId("picture");
  image.classList.toggle("away", !here);
  // What is really seen, which may be behind what was asked for.
  image.dataset.seen = displayed ? `${displayed.filename}@${displayed.frame}` : "";
  image.alt = isVideo() ? `Frame ${position} of ${recording.name}` : `The photo ${recording.name}`;
  let waiting = "";
  if (awaited) waiting = "The next frame is being decoded …";
  else if (!here) waiting = "Opening …";
  if (finishedSince !== null || (recording.problem && !frames.decoded)) waiting = "";
  byId("waiting").textContent = waiting;
  show(byId("waiting"), Boolean(waiting));
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

function drawSteps() {
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

// What the model proposes for the frames that a key labels now.
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
  const words = proposalWords(recording.proposals);
  if (finished || words !== null) {
    fillProposal(make("span", { className: "soft", text: finished ? "" : words }));
    return;
  }
  const proposal = await currentProposal().catch(() => null);
  if (ticket !== proposalTicket || state.recording !== recording) return;
  fillProposal(proposal?.label ? suggestion(proposal) : make("span", { className: "soft", text: "The model finds nobody here." }));
}

function proposalWords({ state: standing, note, progress }) {
  if (standing === "ready") return null;
  if (standing === "none") return note ?? "";
  return `Proposals are being computed${progress ? `: ${percent(progress)}` : ""} …`;
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

// A button that stays the same is not replaced: somebody may be about to click on it.
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

// The address always leads back to this frame.
function rememberPlace() {
  if (state.awaited) return;
  const address = `#${encodeURIComponent(state.recording.filename)}@${state.position}`;
  if (location.hash !== address) history.replaceState(null, "", address);
}

export function say(text, kind = "") {
  byId("said").textContent = text;
  byId("said").dataset.kind = kind;
}

export function alarm(text) {
  byId("alarm").textContent = text;
  show(byId("alarm"), Boolean(text));
}
