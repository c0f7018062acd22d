// Full screen on demand, and a wake lock during a live session.

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
    // The browser may refuse, for example on low battery; the screen then turns off as usual.
  }
}

export function offerFullScreen(button, element) {
  if (!element.requestFullscreen) return;
  show(button, true);
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else element.requestFullscreen().catch(() => {});
  });
  // Phones have no Escape key: tapping the image leaves full screen.
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
