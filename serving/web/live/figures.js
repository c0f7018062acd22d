// How fast it goes: answers per second, and how old a picture is when its answer is shown.

import { byId } from "../shared/dom.js";

const WINDOW_MS = 2000;
const REDRAW_MS = 500;

export class Figures {
  #answers = []; // { at_ms, delay_ms } of the last seconds
  #drawn_ms = 0;

  hear(pose, now_ms) {
    this.#answers.push({ at_ms: now_ms, delay_ms: now_ms - pose.capture_s * 1000 });
    while (this.#answers[0].at_ms < now_ms - WINDOW_MS) this.#answers.shift();
    if (now_ms - this.#drawn_ms < REDRAW_MS) return;
    this.#drawn_ms = now_ms;
    const span_s = (now_ms - this.#answers[0].at_ms) / 1000;
    const delays = this.#answers.map((answer) => answer.delay_ms).sort((a, b) => a - b);
    byId("figure-fps").textContent = span_s > 0 ? ((this.#answers.length - 1) / span_s).toFixed(0) : "–";
    byId("figure-delay").textContent = `${Math.round(delays[delays.length >> 1])} ms`;
    byId("figure-dropped").textContent = String(pose.dropped);
  }

  reset() {
    this.#answers = [];
    this.#drawn_ms = 0;
    byId("figure-fps").textContent = "–";
    byId("figure-delay").textContent = "–";
    byId("figure-dropped").textContent = "0";
  }
}
