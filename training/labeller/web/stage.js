// Shows the image of the frame.

import { Problem } from "./api.js";
import { byId, make, show } from "./dom.js";
import { drawPosition, say } from "./draw.js";
import { FrameImages } from "./frame_images.js";
import { isVideo, state } from "./state.js";

const AHEAD = 8;
const PHOTOS_AHEAD = 3;
const SHARPEN_MS = 350;
const RETRY_MS = 500;
const SEEN_TIMEOUT_MS = 1000;

const images = new FrameImages();
let latest = 0;
let peekBusy = false;
let peekNext = null;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Shows the frame at the position: first whatever is available at once, then the sharp image.
export async function display() {
  const { recording, position: frame } = state;
  latest += 1;
  const ticket = latest;
  const mine = () => ticket === latest && state.recording === recording;
  const isShown = recording.frames.shown.some(([number]) => number === frame);
  try {
    if (!isShown) {
      const quick = await images.get(recording.filename, frame, { fast: true });
      await put(recording.filename, quick, mine);
      if (quick.frame === frame && quick.sharp) return;
      await pause(SHARPEN_MS);
      if (!mine()) return;
    }
    await put(recording.filename, await images.get(recording.filename, frame), mine);
    if (mine() && isShown) fetchAhead();
  } catch (error) {
    handle(error, mine);
  }
}

function handle(error, mine) {
  if (!(error instanceof Problem)) throw error;
  if (!mine()) return;
  if (error.temporary) setTimeout(() => mine() && display(), RETRY_MS);
  else say(error.message, "warn");
}

// Whether the frame at the position is really visible; waits up to a second for it.
export async function isSeen() {
  const until = performance.now() + SEEN_TIMEOUT_MS;
  while (performance.now() < until) {
    const { displayed, recording, position, awaited } = state;
    if (!awaited && displayed?.filename === recording.filename && displayed.frame === position) return true;
    await pause(10);
  }
  return false;
}

// While a boundary is dragged, shows the last frame before it; null ends the preview.
export async function peek(frame, boundary) {
  if (frame === null) {
    if (!state.peeking) return;
    state.peeking = false;
    peekNext = null;
    show(byId("peek"), false);
    display();
    return;
  }
  state.peeking = true;
  state.displayed = null;
  byId("peek").textContent = `${boundary.left.label} ends at frame ${frame}, then ${boundary.right.label}`;
  show(byId("peek"), true);
  peekNext = frame;
  if (peekBusy) return;
  peekBusy = true;
  try {
    // However fast the mouse moves, one image is fetched at a time, always the latest one.
    while (peekNext !== null) await showPeeked();
  } finally {
    peekBusy = false;
  }
}

async function showPeeked() {
  const { filename } = state.recording;
  const asked = peekNext;
  peekNext = null;
  latest += 1;
  const ticket = latest;
  try {
    const image = await images.get(filename, asked, { fast: true });
    await put(filename, image, () => ticket === latest && state.peeking);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

async function put(filename, { url, frame }, mine) {
  const next = make("img", { src: url });
  try {
    await next.decode();
  } catch {
    return; // The image was dropped from memory while another frame was shown.
  }
  if (!mine()) return;
  const image = byId("frame-image");
  image.src = url;
  show(image, true);
  if (!state.peeking) state.displayed = { filename, frame };
  drawPosition();
}

function fetchAhead() {
  const { recording, listing, position } = state;
  if (!isVideo()) {
    const next = listing.queue.filter((name) => name !== recording.filename).slice(0, PHOTOS_AHEAD);
    for (const name of next) images.ahead(name, [0]);
    return;
  }
  const numbers = recording.frames.shown.map(([number]) => number).filter((number) => number > position);
  images.ahead(recording.filename, numbers.slice(0, AHEAD));
}
