// Live figures: responses per second, and the delay from capturing a frame to showing its result.

import { byId } from "../shared/dom.js";

const WINDOW_MS = 2000;
const REDRAW_MS = 500;

export class Figures {
  #responses = []; // { at_ms, delay_ms } of the last seconds
  #drawn_ms = 0;

  hear(pose, now_ms) {
    this.#responses.push({ at_ms: now_ms, delay_ms: now_ms - pose.capture_s * 1000 });
    while (this.#responses[0].at_ms < now_ms - WINDOW_MS) this.#responses.shift();
    if (now_ms - this.#drawn_ms < REDRAW_MS) return;
    this.#drawn_ms = now_ms;
    const span_s = (now_ms - this.#responses[0].at_ms) / 1000;
    const delays = this.#responses.map((response) => response.delay_ms).sort((a, b) => a - b);
    byId("figure-fps").textContent = span_s > 0 ? ((this.#responses.length - 1) / span_s).toFixed(0) : "–";
    byId("figure-delay").textContent = `${Math.round(delays[delays.length >> 1])} ms`;
    byId("figure-dropped").textContent = String(pose.dropped);
  }

  reset() {
    this.#responses = [];
    this.#drawn_ms = 0;
    byId("figure-fps").textContent = "–";
    byId("figure-delay").textContent = "–";
    byId("figure-dropped").textContent = "0";
  }
}
