// The screen: all of it on demand, and awake while somebody trains in front of it.

import { byId, show } from "../shared/dom.js";

let lock = null;
let wanted = false;

export async function keepAwake(awake) {
  wanted = awake;
  if (!awake) {
    const held = lock;
    lock = null;
    await held?.release();
    return;
  }
  if (lock || !navigator.wakeLock) return;
  try {
    const gained = await navigator.wakeLock.request("screen");
    gained.addEventListener("release", () => {
      if (lock === gained) lock = null;
    });
    if (wanted) lock = gained;
    else await gained.release();
  } catch {
    // A browser may say no, for instance to save its battery; the screen then goes dark in time.
  }
}

export function offerFullScreen(button, element) {
  if (!element.requestFullscreen) return;
  show(button, true);
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else element.requestFullscreen().catch(() => {});
  });
  // A phone has no Escape key: a touch of the picture is enough.
  element.addEventListener("click", (event) => {
    if (document.fullscreenElement === element && !event.target.closest("button")) document.exitFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    element.classList.toggle("full", document.fullscreenElement === element);
  });
}

export function leaveFullScreen() {
  if (document.fullscreenElement === byId("stage")) document.exitFullscreen();
}
