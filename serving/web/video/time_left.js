// Estimates the remaining time from the rate so far.

import { about } from "../shared/words.js";

const SETTLE_MS = 1500; // earlier estimates would jump

export class TimeLeft {
  #start = null;

  // ", about 20 seconds left", or empty while unknown.
  text(done, total) {
    const now = performance.now();
    this.#start ??= { now, done };
    const elapsed_ms = now - this.#start.now;
    const rate = (done - this.#start.done) / (elapsed_ms / 1000);
    if (!total || !(rate > 0) || elapsed_ms < SETTLE_MS || done >= total) return "";
    return `, ${about((total - done) / rate)}`;
  }
}
