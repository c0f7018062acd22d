// The clock of the current hold: runs on between responses, and stops without them.

export class HoldClock {
  #max_gap_s;
  #last = null; // the last response with a hold

  constructor(max_gap_s) {
    this.#max_gap_s = max_gap_s;
  }

  // pose: response of the service; its times are seconds by the clock of performance.now().
  hear(pose) {
    this.#last = pose.hold_s === null ? null : pose;
  }

  // Seconds held at a moment; null without a hold.
  at(now_ms) {
    if (!this.#last) return null;
    const since_s = Math.max(0, now_ms / 1000 - this.#last.capture_s);
    return this.#last.hold_s + Math.min(since_s, this.#max_gap_s);
  }

  // Stops the clock; returns the current hold up to the last response, or null.
  stop() {
    const last = this.#last;
    this.#last = null;
    if (!last) return null;
    const { label, hold_s, capture_s } = last;
    return { label, start_s: capture_s - hold_s, end_s: capture_s, duration_s: hold_s };
  }
}
