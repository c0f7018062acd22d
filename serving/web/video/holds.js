// The table of holds with their scores; a click plays one.

import { request } from "../shared/api.js";
import { make } from "../shared/dom.js";
import { tone } from "../shared/tones.js";
import { clock, count, percent, pointsText, seconds } from "../shared/words.js";
import { HoldScore } from "./hold_score.js";

const BY = "Points follow this service's code of points, by what the landmarks show. No judge has seen the video.";
const COLUMNS = ["Pose", "Start", "Held for", "Sure"];

// The table is laid out as cards, which takes its meaning away unless roles give it back.
const cell = (className, text) => make("td", { className, text, role: "cell" });

export class Holds {
  #buttons = [];
  #scores = [];
  #player;
  #scored;
  #hasPhotos = false;

  constructor(holds, model, player) {
    this.#player = player;
    if (!holds.length) {
      this.element = make("p", { className: "no-holds", text: "No pose was held long enough to count as a hold." });
      return;
    }
    const longest_s = Math.max(...holds.map((hold) => hold.duration_s));
    this.#scored = holds.some((hold) => hold.score); // earlier versions gave no scores
    const columns = this.#scored ? [...COLUMNS, "Points"] : COLUMNS;
    this.element = make(
      "div",
      { className: "table-box", tabindex: "0", role: "region", "aria-label": "Holds" },
      make(
        "table",
        { className: "holds", role: "table" },
        make("caption", { text: count(holds.length, "hold", "holds") }),
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...columns.map((text) => make("th", { text, scope: "col", role: "columnheader" })))),
        ...holds.map((hold) => this.#rows(hold, model, hold.duration_s === longest_s)),
      ),
      this.#scored ? make("p", { className: "fine by", text: BY }) : null,
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
    if (this.#scored) this.#addMoments(job.links.holds);
  }

  async #addMoments(address) {
    try {
      const { holds } = await request(address);
      for (const [index, score] of this.#scores.entries()) score?.update(holds[index], this.#player);
    } catch {
      // The scores do without pictures.
    }
  }

  // One group of rows per hold: its facts, and below them what cost points.
  #rows(hold, model, isLongest) {
    const player = this.#player;
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
    const cells = [
      cell("start", clock(hold.start_s)),
      cell("held", seconds(hold.duration_s)),
      cell("sure", `${percent(hold.confidence)} sure`),
      ...(hold.score ? [cell("points", pointsText(hold.score))] : []),
    ];
    const facts = make("tr", { className: "hold-facts", role: "row" }, make("th", { scope: "row", role: "rowheader" }, button), ...cells);
    const rows = make("tbody", { className: "hold-card", role: "rowgroup" }, facts);
    const score = hold.score ? new HoldScore(hold.score) : null;
    this.#scores.push(score);
    if (score) rows.append(make("tr", { className: "why", role: "row" }, make("td", { colspan: String(COLUMNS.length + 1), role: "cell" }, score.element)));
    if (isLongest) rows.classList.add("longest");
    player.follow((time_s) => {
      rows.classList.toggle("playing", time_s >= hold.start_s && time_s < hold.end_s);
    });
    return rows;
  }
}
