// For how long the pose has been held: ticks on between answers, and never runs on without them.

export class HoldClock {
  #max_gap_s;
  #answer = null; // the last answer in which a pose was held

  constructor(max_gap_s) {
    this.#max_gap_s = max_gap_s;
  }

  // pose: an answer of the service; its times are seconds by the clock of performance.now().
  hear(pose) {
    this.#answer = pose.hold_s === null ? null : pose;
  }

  // Seconds held at a moment, or null when nothing is held.
  at(now_ms) {
    if (!this.#answer) return null;
    const since_s = Math.max(0, now_ms / 1000 - this.#answer.capture_s);
    return this.#answer.hold_s + Math.min(since_s, this.#max_gap_s);
  }

  // Ends the clock where the answers end. Returns the hold that was going on, as far as it was seen.
  stop() {
    const answer = this.#answer;
    this.#answer = null;
    if (!answer) return null;
    const { label, hold_s, capture_s } = answer;
    return { label, start_s: capture_s - hold_s, end_s: capture_s, duration_s: hold_s };
  }
}
