// How long something still takes, from how fast it has gone so far.

import { about } from "../shared/words.js";

const FIRST_WORD_MS = 1500; // before that a guess would jump about

export class Pace {
  #start = null;

  // ", about 20 seconds left", or nothing while that is not known.
  left(done, total) {
    const now = performance.now();
    this.#start ??= { now, done };
    const elapsed_ms = now - this.#start.now;
    const rate = (done - this.#start.done) / (elapsed_ms / 1000);
    if (!total || !(rate > 0) || elapsed_ms < FIRST_WORD_MS || done >= total) return "";
    return `, ${about((total - done) / rate)}`;
  }
}
