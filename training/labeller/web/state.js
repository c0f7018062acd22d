// What is on the page, and what follows from it.

import { rangeAt, stretch } from "./rule.js";

const DETAIL_FRAMES = 900;

export const state = {
  // What the tool was started for: kind, keys, labels.
  setup: null,
  listing: { recordings: [], queue: [] },
  // The recording as the tool last told it, and the frame that is (or is about to be) seen.
  recording: null,
  position: 0,
  // Waiting for a frame to be decoded: { at: frame } or { behind: frame }.
  awaited: null,
  // When the last frame was passed and the card is shown: since when.
  finishedSince: null,
  // The picture on the page: { filename, frame }.
  displayed: null,
  // A border is being moved, and the picture is of the frame it is at.
  peeking: false,
  unreachable: false,
  // Photos seen before this one, and photos passed without a label.
  visited: [],
  skipped: new Set(),
};

let detailFrom = 0;

export const isVideo = () => state.setup.kind === "video";

export const kindName = (count) => `${isVideo() ? "video" : "photo"}${count === 1 ? "" : "s"}`;

export const following = () => state.listing.queue.find((name) => name !== state.recording?.filename) ?? null;

// What a key labels now.
export function task() {
  const { recording, position } = state;
  return stretch(recording.labels.ranges, recording.frames.shown, position);
}

export const rangeHere = () => rangeAt(state.recording.labels.ranges, state.position);

// The time of a frame; of one between two shown frames, about.
export function timeAt(frame) {
  const { shown } = state.recording.frames;
  if (!shown.length) return 0;
  const after = shown.findIndex(([number]) => number >= frame);
  if (after === 0) return shown[0][1];
  const [n0, t0] = after < 0 ? (shown.at(-2) ?? shown[0]) : shown[after - 1];
  const [n1, t1] = after < 0 ? shown.at(-1) : shown[after];
  return n1 === n0 ? t1 : t0 + ((frame - n0) / (n1 - n0)) * (t1 - t0);
}

const isLong = (frames) => frames > DETAIL_FRAMES * 2;

// What a ribbon of the whole recording shows.
export function wholeView() {
  const { recording, position } = state;
  const { frames, labels, proposals } = recording;
  const to = Math.max(frames.complete ? frames.decoded : (frames.expected ?? 0), frames.decoded, 1);
  return {
    from: 0,
    to,
    position,
    task: state.finishedSince === null ? task() : null,
    ranges: labels.ranges,
    stretches: proposals.stretches,
    shown: frames.shown.length,
    handles: !isLong(to),
    timeAt,
  };
}

// A long recording gets a second ribbon with the frames around this one; null: it is not long.
export function detailView() {
  const view = wholeView();
  if (!isLong(view.to)) return null;
  const margin = DETAIL_FRAMES / 6;
  if (view.position < detailFrom + margin || view.position > detailFrom + DETAIL_FRAMES - margin) {
    detailFrom = Math.round(Math.min(Math.max(0, view.position - DETAIL_FRAMES / 3), view.to - DETAIL_FRAMES));
  }
  return { ...view, from: detailFrom, to: detailFrom + DETAIL_FRAMES, handles: true };
}
