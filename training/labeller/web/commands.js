// Carries out the commands of keys and buttons.

import { Problem, recordingUrl, request } from "./api.js";
import { byId, frames as framesText } from "./dom.js";
import { currentProposal, draw, drawSaved, flash, remindOfKeys, say } from "./draw.js";
import { Outbox } from "./outbox.js";
import { listOrder } from "./panel.js";
import { explain, finish, go, nextPhoto, open, reached, refreshList, useOutbox } from "./recordings.js";
import { nextShown, painted, previousShown, rangeAt } from "./ranges.js";
import { isSeen } from "./stage.js";
import { following, isVideo, rangeHere, state, task } from "./state.js";

const MAX_TYPED_AHEAD = 8;
// Enter also accepts proposals, so right after a recording is finished it does not open the next one.
const CARD_REST_MS = 500;

export const outbox = new Outbox({ changed, refused });
useOutbox(outbox);

function changed(status, waiting) {
  drawSaved(status, waiting);
  // What is on disk has reached the tool, so it cannot be out of reach.
  if (status === "saved") reached();
}

let queue = Promise.resolve();
let typedAhead = 0;

// Carries out commands one at a time, each on the frame that the previous one has moved to.
export function run(command) {
  if (typedAhead >= MAX_TYPED_AHEAD) {
    say("Too fast: that key was ignored. Wait for the frame to appear.", "warn");
    return;
  }
  typedAhead += 1;
  queue = queue
    .then(() => execute(command))
    .catch(explain)
    .finally(() => {
      typedAhead -= 1;
    });
}

function execute(command) {
  if (command.command) return COMMANDS[command.command]();
  return command.label ? press(command) : explainKeys(command.unknown);
}

const COMMANDS = {
  forward,
  back,
  oneForward: () => single(1),
  oneBack: () => single(-1),
  first: () => go(0),
  resumeLabelling,
  accept,
  undo: () => step("undo"),
  redo: () => step("redo"),
  leastSure,
  nextRecording: () => neighbour(1),
  previousRecording: () => neighbour(-1),
  help: () => byId("help").showModal(),
  escape: () => document.activeElement?.blur(),
};

// ---- Labels

async function press({ label, whole = false, proposed = false }) {
  const { recording } = state;
  if (state.finishedSince !== null) return say("Enter opens the next recording, ← goes back to the last frame.");
  if (!recording?.frames.decoded) return say("There is no frame to label.", "warn");
  if (state.peeking) document.activeElement?.blur();
  if (outbox.lost) return say("The tool is not responding. Your last key press is kept, and new ones are ignored until it is saved.", "warn");
  if (!(await isSeen())) return say("The frame has not loaded yet, so nothing was labelled. Press again when you see it.", "warn");
  const range = rangeHere();
  if (whole && !range) return say("This frame has no label yet, so there is no range to change.", "warn");
  flash(label);
  const frame = state.position;
  const span = whole ? range : task();
  recording.labels.ranges = painted(recording.labels.ranges, span, label);
  const response = outbox.send(recording.filename, { do: whole ? "relabel" : "label", frame, label });
  response.then((done) => adopt(recording, done));
  if (whole) draw();
  else await afterLabel(recording, frame);
  return say(`${isVideo() ? framesText(span.first, span.last) : recording.name}: ${label}${proposed ? ", as proposed" : ""}`);
}

async function afterLabel(recording, frame) {
  if (isVideo()) return advance(frame);
  state.skipped.delete(recording.filename);
  const listed = state.listing.recordings.find((one) => one.filename === recording.filename);
  listed.status = "done";
  return nextPhoto();
}

function explainKeys(key) {
  const valid = Object.entries(state.setup.keys).map(([letter, label]) => `${letter} ${label}`);
  remindOfKeys();
  say(`No label is on the key “${key}”. The label keys are: ${valid.join(", ")}. Press ? for all keys.`, "warn");
}

async function accept() {
  if (state.finishedSince !== null) {
    return performance.now() - state.finishedSince < CARD_REST_MS ? undefined : nextRecording();
  }
  const proposal = await currentProposal();
  if (proposal?.label) return press({ label: proposal.label, proposed: true });
  return say("There is no proposal for this frame. Press a label key.");
}

async function step(which) {
  const { recording } = state;
  if (!recording) return undefined;
  await outbox.drained();
  if (!recording.labels[`can_${which}`]) return say(`There is nothing to ${which}${isVideo() ? " in this recording" : ""}.`);
  const done = await outbox.send(recording.filename, { do: which });
  if (!done?.changed) return undefined;
  if (done.filename !== recording.filename) await open(done.filename, done.changed.frame);
  state.recording.labels = done.labels;
  go(done.changed.frame);
  const { first, last } = done.changed;
  say(`${which === "undo" ? "Undone" : "Redone"}: ${isVideo() ? framesText(first, last) : state.recording.name}`);
  return refreshList();
}

export async function moveBoundary(boundary, to) {
  const { recording } = state;
  const { ranges } = recording.labels;
  const left = rangeAt(ranges, boundary);
  const right = rangeAt(ranges, boundary + 1);
  const span = { first: Math.min(boundary, to) + 1, last: Math.max(boundary, to) };
  recording.labels.ranges = painted(ranges, span, to > boundary ? left.label : right.label);
  draw();
  say(`${left.label} now ends at frame ${to}.`);
  adopt(recording, await outbox.send(recording.filename, { do: "move_boundary", frame: state.position, boundary, to }));
}

// Takes over the labels from the tool's response, unless further changes are still being sent.
function adopt(recording, response) {
  if (!response || !outbox.empty || response.filename !== recording.filename) return;
  recording.labels = response.labels;
  if (recording === state.recording) draw();
}

// The tool refused a change: returns to its frame and shows the labels that are on disk.
async function refused({ filename, action }, problem) {
  try {
    const found = await request(recordingUrl(filename));
    if (state.recording.filename === filename) {
      state.recording.labels = found.labels;
      if (action.frame !== undefined) go(action.frame);
      draw();
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  say(problem.message, "warn");
}

// ---- Moving

async function forward() {
  const { recording } = state;
  if (!recording || state.finishedSince !== null) return undefined;
  if (!isVideo()) {
    state.skipped.add(recording.filename);
    return nextPhoto();
  }
  if (recording.labels.forced && rangeHere()) {
    const kept = outbox.send(recording.filename, { do: "keep", frame: state.position });
    kept.then((done) => adopt(recording, done));
  }
  return advance(state.position);
}

async function advance(frame) {
  const { shown, complete } = state.recording.frames;
  const next = nextShown(shown, frame);
  if (next !== null) return go(next);
  if (complete) return finish();
  state.awaited = { after: frame };
  return draw();
}

async function back() {
  if (state.finishedSince !== null) return go(state.position);
  if (!isVideo()) {
    const before = state.visited.pop();
    return before ? open(before, 0, { back: true }) : say("This is the first photo you have seen.");
  }
  const before = previousShown(state.recording?.frames.shown ?? [], state.position);
  return before === null ? say("This is the first frame.") : go(before);
}

async function single(by) {
  if (isVideo()) go(state.position + by);
}

async function resumeLabelling() {
  const { recording } = state;
  if (!isVideo()) return nextPhoto();
  const start = recording?.labels.start_at ?? null;
  if (start === null) return say("Every frame of this recording has a label.");
  return advance(start - 1);
}

async function leastSure() {
  const unsure = state.recording?.proposals.least_sure ?? [];
  if (!unsure.length) return say("There are no proposals for this recording.");
  return go(unsure[(unsure.indexOf(state.position) + 1) % unsure.length]);
}

async function neighbour(by) {
  const names = listOrder(state.listing);
  const name = names[names.indexOf(state.recording?.filename) + by];
  return name ? open(name) : undefined;
}

async function nextRecording() {
  await refreshList();
  const next = following();
  return next ? open(next) : undefined;
}
