// The picture of the frame.

import { Problem } from "./api.js";
import { byId, make, show } from "./dom.js";
import { drawPlace, say } from "./draw.js";
import { Pictures } from "./pictures.js";
import { isVideo, state } from "./state.js";

const AHEAD = 8;
const PHOTOS_AHEAD = 3;
const SHARPEN_MS = 350;
const RETRY_MS = 500;
const PATIENCE_MS = 1000;

const pictures = new Pictures();
let latest = 0;
let peekBusy = false;
let peekNext = null;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Shows the frame at the position: at once what is at hand, then the frame itself, sharp.
export async function display() {
  const { recording, position: frame } = state;
  latest += 1;
  const ticket = latest;
  const mine = () => ticket === latest && state.recording === recording;
  const isShown = recording.frames.shown.some(([number]) => number === frame);
  try {
    if (!isShown) {
      const quick = await pictures.get(recording.filename, frame, { fast: true });
      await put(recording.filename, quick, mine);
      if (quick.frame === frame && quick.sharp) return;
      await pause(SHARPEN_MS);
      if (!mine()) return;
    }
    await put(recording.filename, await pictures.get(recording.filename, frame), mine);
    if (mine() && isShown) fetchAhead();
  } catch (error) {
    explain(error, mine);
  }
}

function explain(error, mine) {
  if (!(error instanceof Problem)) throw error;
  if (!mine()) return;
  if (error.passes) setTimeout(() => mine() && display(), RETRY_MS);
  else say(error.message, "warn");
}

// Whether the frame at the position is really seen; waits a little for it.
export async function isSeen() {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const { displayed, recording, position, awaited } = state;
    if (!awaited && displayed?.filename === recording.filename && displayed.frame === position) return true;
    await pause(10);
  }
  return false;
}

// While a border is moved, the last frame before it is shown; null: no more.
export async function peek(frame, border) {
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
  byId("peek").textContent = `${border.left.label} ends at frame ${frame}, then ${border.right.label}`;
  show(byId("peek"), true);
  peekNext = frame;
  if (peekBusy) return;
  peekBusy = true;
  try {
    // However fast the mouse is, one picture is fetched at a time, and the newest wish counts.
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
    const picture = await pictures.get(filename, asked, { fast: true });
    await put(filename, picture, () => ticket === latest && state.peeking);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

async function put(filename, picture, mine) {
  const next = make("img", { src: picture.url });
  try {
    await next.decode();
  } catch {
    return; // The picture was tidied away while the page was elsewhere.
  }
  if (!mine()) return;
  const image = byId("picture");
  image.src = picture.url;
  show(image, true);
  if (!state.peeking) state.displayed = { filename, frame: picture.frame };
  drawPlace();
}

function fetchAhead() {
  const { recording, listing, position } = state;
  if (!isVideo()) {
    const next = listing.queue.filter((name) => name !== recording.filename).slice(0, PHOTOS_AHEAD);
    for (const name of next) pictures.ahead(name, [0]);
    return;
  }
  const numbers = recording.frames.shown.map(([number]) => number).filter((number) => number > position);
  pictures.ahead(recording.filename, numbers.slice(0, AHEAD));
}
