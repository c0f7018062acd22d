// The progress bar of an upload or an analysis.

import { byId, show } from "../shared/dom.js";

// Without a total, the bar is indeterminate.
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
