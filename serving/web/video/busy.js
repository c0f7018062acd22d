// The progress bar of an upload or an analysis.

import { byId, show } from "../shared/dom.js";

// Without a total the bar only says that something goes on.
export function drawBusy(text, done, total) {
  const bar = byId("progress");
  if (total) {
    bar.max = total;
    bar.value = Math.min(done, total);
  } else {
    bar.removeAttribute("value");
  }
  byId("busy-text").textContent = text;
  show(byId("busy"), true);
}
