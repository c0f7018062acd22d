// The table of holds; a click plays one.

import { make } from "../shared/dom.js";
import { tone } from "../shared/tones.js";
import { clock, count, percent, seconds } from "../shared/words.js";

const COLUMNS = ["Pose", "Start", "Held for", "Sure"];

export class Holds {
  #buttons = [];
  #hasPhotos = false;

  constructor(holds, model, player) {
    if (!holds.length) {
      this.element = make("p", { className: "no-holds", text: "No pose was held long enough to count as a hold." });
      return;
    }
    const longest_s = Math.max(...holds.map((hold) => hold.duration_s));
    this.element = make(
      "div",
      { className: "table-box", tabindex: "0", role: "region", "aria-label": "Holds" },
      make(
        "table",
        { className: "holds" },
        make("caption", { text: count(holds.length, "hold", "holds") }),
        make("thead", {}, make("tr", {}, ...COLUMNS.map((text) => make("th", { text, scope: "col" })))),
        make("tbody", {}, ...holds.map((hold) => this.#row(hold, model, player, hold.duration_s === longest_s))),
      ),
    );
  }

  // Adds the photos of the holds, each at its steadiest moment, when they are ready.
  update(job) {
    if (this.#hasPhotos || !job.links.holds) return;
    this.#hasPhotos = true;
    this.#buttons.forEach((button, index) => {
      const image = make("img", { className: "hold-photo", alt: "", src: `${job.links.holds}/${index + 1}.jpg` });
      image.addEventListener("error", () => image.remove());
      button.prepend(image);
    });
  }

  #row(hold, model, player, isLongest) {
    const go = () => {
      player.seek(hold.start_s);
      player.play();
    };
    const button = make(
      "button",
      { type: "button", className: "pose-button", onclick: go, "aria-label": `Play ${hold.label} at ${clock(hold.start_s)}` },
      make("span", { className: `dot ${tone(hold.label, model)}` }),
      make("span", { className: "pose-name", text: hold.label }),
    );
    this.#buttons.push(button);
    const cells = [clock(hold.start_s), seconds(hold.duration_s), percent(hold.confidence)];
    const row = make("tr", {}, make("th", { scope: "row" }, button), ...cells.map((text) => make("td", { text })));
    if (isLongest) row.classList.add("longest");
    player.follow((time_s) => {
      row.classList.toggle("playing", time_s >= hold.start_s && time_s < hold.end_s);
    });
    return row;
  }
}
