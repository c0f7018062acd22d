// The state of the page, and values derived from it.

import { rangeAt, stretch } from "./ranges.js";

const DETAIL_FRAMES = 900;

export const state = {
  // The tool's settings: kind of recordings, keys, labels.
  setup: null,
  // All recordings, and the names of those still to label.
  listing: { recordings: [], queue: [] },
  // The recording as last reported by the tool, and the number of the frame that is shown or loading.
  recording: null,
  position: 0,
  // The frame that the page waits for: { at: frame }, or { after: frame } for the next shown frame.
  awaited: null,
  // Time in ms since when the card after the last frame is shown; null: it is not.
  finishedSince: null,
  // The image that is visible: { filename, frame }.
  displayed: null,
  // Whether a boundary is being dragged and the image shows the frame at it.
  peeking: false,
  // Whether the last request failed because the tool did not respond.
  unreachable: false,
  // Photos seen before this one, and photos skipped without a label.
  visited: [],
  skipped: new Set(),
};

let detailFrom = 0;

export const isVideo = () => state.setup.kind === "video";

export const kindName = (count) => `${isVideo() ? "video" : "photo"}${count === 1 ? "" : "s"}`;

export const following = () => state.listing.queue.find((name) => name !== state.recording?.filename) ?? null;

// The frames that a key labels now.
export function task() {
  const { recording, position } = state;
  return stretch(recording.labels.ranges, recording.frames.shown, position);
}

export const rangeHere = () => rangeAt(state.recording.labels.ranges, state.position);

// The time of a frame in seconds, interpolated between shown frames.
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

// The content of the timeline of the whole recording.
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

// The content of a second timeline around this frame, for long recordings; null for others.
export function detailView() {
  const view = wholeView();
  if (!isLong(view.to)) return null;
  const margin = DETAIL_FRAMES / 6;
  if (view.position < detailFrom + margin || view.position > detailFrom + DETAIL_FRAMES - margin) {
    detailFrom = Math.round(Math.min(Math.max(0, view.position - DETAIL_FRAMES / 3), view.to - DETAIL_FRAMES));
  }
  return { ...view, from: detailFrom, to: detailFrom + DETAIL_FRAMES, handles: true };
}
