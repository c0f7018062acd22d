// The pose and the hold clock, large enough to read from three metres.

import { byId, show } from "../shared/dom.js";
import { NO_PERSON, NOT_IN_VIEW, UNCERTAIN, isPose, tone } from "../shared/tones.js";
import { scoreWords, seconds } from "../shared/words.js";

const WORDS = {
  [NO_PERSON]: "no one in view",
  [NOT_IN_VIEW]: "show your whole body",
  [UNCERTAIN]: "not sure",
};
const SETTLED_MS = 400; // screen readers announce only what lasts

export class Hud {
  #spoken = "";
  #label = "";
  #speaking = 0;
  #shownTenths = null;

  draw(label, model) {
    if (label === this.#label) return;
    this.#label = label;
    const pose = byId("live-pose");
    pose.textContent = wordsFor(label, model);
    byId("hud").className = `hud ${tone(label, model)}${isPose(label, model) ? " held" : ""}`;
    show(byId("hud"), true);
    clearTimeout(this.#speaking);
    this.#speaking = setTimeout(() => this.#speak(wordsFor(label, model)), SETTLED_MS);
  }

  // held_s: null without a hold.
  tick(held_s) {
    const tenths = held_s === null ? null : Math.floor(held_s * 10 + 1e-6);
    if (tenths === this.#shownTenths) return;
    this.#shownTenths = tenths;
    byId("live-clock").textContent = tenths === null ? "" : (tenths / 10).toFixed(1);
    show(byId("live-clock-unit"), tenths !== null);
  }

  ended(hold, isBest) {
    const words = [`Last: ${hold.label} ${seconds(hold.duration_s)}${isBest ? ", your best" : ""}`];
    if (hold.score) words.push(scoreWords(hold.score));
    byId("live-last").textContent = words.join(" · ");
  }

  // Shows nothing until the next response.
  blank() {
    clearTimeout(this.#speaking);
    this.#label = "";
    this.#spoken = "";
    this.tick(null);
    byId("live-pose").textContent = "";
    byId("live-spoken").textContent = "";
    byId("hud").className = "hud";
  }

  clear() {
    this.blank();
    byId("live-last").textContent = "";
    show(byId("hud"), false);
  }

  #speak(words) {
    if (words === this.#spoken) return;
    this.#spoken = words;
    byId("live-spoken").textContent = words;
  }
}

function wordsFor(label, model) {
  return WORDS[label] ?? (label === model.other ? "no pose" : label);
}
