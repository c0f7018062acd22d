// Opens recordings, finds the next one, and polls the tool for news about them.

import { Problem, recordingUrl, request } from "./api.js";
import { byId, show } from "./dom.js";
import { showAlert, draw, drawProgress, say } from "./draw.js";
import { drawCard, drawList } from "./panel.js";
import { nextShown } from "./ranges.js";
import { display } from "./stage.js";
import { following, isVideo, state } from "./state.js";

const AWAITED_POLL_MS = 150;
const BUSY_POLL_MS = 600;
const IDLE_POLL_MS = 3000;
const RETRY_MS = 1000;
const UNREACHABLE = "The tool cannot be reached. Is it still running? This page keeps trying. Saved labels are safe.";

let outbox = null;

export function useOutbox(given) {
  outbox = given;
}

export function go(frame) {
  const { recording } = state;
  if (!recording) return;
  const { decoded, complete } = recording.frames;
  if (frame >= decoded && !complete) {
    state.awaited = { at: frame };
    state.finishedSince = null;
    draw();
    return;
  }
  state.position = Math.min(Math.max(frame, 0), decoded - 1);
  state.awaited = null;
  state.finishedSince = null;
  display();
  draw();
}

// Opens a recording at a frame, or where labelling resumes.
export async function open(filename, frame = null, { back = false } = {}) {
  const loaded = await retry(() => request(recordingUrl(filename)));
  const before = state.recording?.filename;
  if (!back && before && before !== loaded.filename) state.visited.push(before);
  Object.assign(state, { recording: loaded, position: 0, finishedSince: null, peeking: false });
  state.awaited = startFrame(loaded, frame);
  const unusable = loaded.problem && !loaded.frames.decoded;
  if (unusable) state.awaited = null;
  show(byId("peek"), false);
  show(byId("frame-image"), !unusable && byId("frame-image").src !== "");
  showAlert(unusable ? `${loaded.name} cannot be labelled. ${loaded.problem}` : remarkOn(loaded));
  say("");
  draw();
  goToAwaited();
  drawRecordings();
  byId("list").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  return !unusable;
}

// What a person should know about the recording; empty if there is nothing.
function remarkOn(recording) {
  const labels = new Set(recording.labels.ranges.map((range) => range.label));
  const unknown = [...labels].filter((label) => !state.setup.labels.includes(label));
  const striped = unknown.length
    ? `Not in params.yaml, so striped: ${unknown.join(", ")}. Relabel these ranges, or add the labels there.`
    : "";
  return [recording.remark, striped].filter(Boolean).join(" ");
}

function drawRecordings() {
  const { listing, recording } = state;
  const bySurety = !isVideo() && recording?.proposals.state === "ready";
  drawList(listing, recording?.filename, openFromList, bySurety);
}

const openFromList = (name) => open(name).catch(explain);

function startFrame(recording, frame) {
  if (frame !== null) return { at: frame };
  const start = recording.labels.start_at;
  return start === null ? { at: 0 } : { after: start - 1 };
}

// Goes to the awaited frame if it has been decoded by now.
export function goToAwaited() {
  const { awaited, recording } = state;
  if (!awaited) return;
  const { decoded, complete, shown } = recording.frames;
  const target = awaited.at ?? nextShown(shown, awaited.after);
  if (target !== null && (target < decoded || complete)) go(target);
  else if (complete) finish().catch(explain);
  else if (recording.problem && decoded) {
    go(decoded - 1);
    say("The rest of this recording cannot be read.", "warn");
  }
}

// Called after the last frame: goes back to the first frame without a label, or shows the card.
export async function finish() {
  await outbox.drained();
  await refreshList();
  await refresh();
  const { recording, listing, setup } = state;
  const start = recording.labels.start_at;
  state.awaited = null;
  if (isVideo() && start !== null) {
    go(nextShown(recording.frames.shown, start - 1) ?? 0);
    say(`That was the last frame, but some frames have no label yet. The first one is frame ${start}.`, "warn");
    return;
  }
  state.finishedSince = performance.now();
  const next = listing.recordings.find((one) => one.filename === following());
  drawCard({ recording, next, left: listing.queue.length, setup });
  draw();
  byId("card-title").focus();
}

// Opens the next photo in the queue; skipped photos come last.
export async function nextPhoto() {
  for (;;) {
    const { listing, recording, skipped } = state;
    const rest = listing.queue.filter((name) => name !== recording.filename);
    const next = rest.find((name) => !skipped.has(name)) ?? rest[0];
    if (!next) return finish();
    if (!skipped.has(recording.filename)) listing.queue = rest;
    if (await open(next)) return undefined;
    const damaged = state.recording.name;
    await refreshList();
    say(`${damaged} cannot be read and was skipped.`, "warn");
  }
}

export async function refreshList() {
  state.listing = await request("/api/recordings");
  drawRecordings();
  drawProgress();
}

// Fetches the current state of this recording from the tool.
export async function refresh() {
  const { recording } = state;
  if (!recording) return;
  const found = await request(recordingUrl(recording.filename));
  if (state.recording !== recording) return;
  const { frames, proposals, problem, remark, labels } = found;
  Object.assign(recording, { proposals, problem, remark });
  // A restarted tool decodes from the beginning; the page keeps the frames it already knows.
  if (problem || frames.decoded >= recording.frames.decoded) recording.frames = frames;
  if (outbox.empty) recording.labels = labels;
  if (problem && !frames.decoded) {
    state.awaited = null;
    showAlert(`${recording.name} cannot be labelled. ${problem}`);
  } else if (problem || remarkOn(recording)) showAlert(problem || remarkOn(recording));
}

export async function poll() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollPause()));
    try {
      await refresh();
      if ((pollPause() === IDLE_POLL_MS && outbox.empty) || state.unreachable) await refreshList();
      reached();
      goToAwaited();
      draw();
    } catch (error) {
      explain(error);
    }
  }
}

function pollPause() {
  const { awaited, recording } = state;
  if (state.unreachable) return RETRY_MS;
  if (awaited) return AWAITED_POLL_MS;
  if (!recording || recording.problem) return IDLE_POLL_MS;
  const busy = !recording.frames.complete || recording.proposals.state === "computing";
  return busy ? BUSY_POLL_MS : IDLE_POLL_MS;
}

// Shows a problem reported by the tool; any other error is a bug in this page.
export function explain(error) {
  if (!(error instanceof Problem)) throw error;
  if (error.status !== 0) {
    say(error.message, "warn");
    return;
  }
  state.unreachable = true;
  showAlert(UNREACHABLE);
}

// Takes back what was said when the tool did not respond.
export function reached() {
  if (state.unreachable) showAlert(state.recording ? remarkOn(state.recording) : "");
  state.unreachable = false;
}

export async function retry(ask) {
  for (;;) {
    try {
      const response = await ask();
      reached();
      return response;
    } catch (error) {
      if (!(error instanceof Problem) || !error.temporary) throw error;
      explain(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
