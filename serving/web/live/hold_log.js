// The holds of this session, the best of each pose, and the holds as a file.

import { byId, make, show } from "../shared/dom.js";
import { saveText } from "../shared/save.js";
import { tone } from "../shared/tones.js";
import { count, pointsText, seconds } from "../shared/words.js";

const MAX_ROWS = 200; // in the table; the file has all holds

export class HoldLog {
  #holds = [];
  #best = new Map(); // label -> { hold, holds }

  constructor() {
    byId("log-save").addEventListener("click", () => this.#save());
    byId("log-clear").addEventListener("click", () => this.#clear());
  }

  // hold: { label, start_s, end_s, duration_s } by the clock of performance.now(). Returns whether it is
  // the longest of its pose so far.
  add(hold, model) {
    const started = new Date(performance.timeOrigin + hold.start_s * 1000);
    const entry = { ...hold, started };
    this.#holds.push(entry);
    const best = this.#best.get(hold.label);
    const isBest = !best || hold.duration_s > best.hold.duration_s;
    this.#best.set(hold.label, { hold: isBest ? entry : best.hold, holds: (best?.holds ?? 0) + 1, model });
    this.#drawBest();
    const rows = byId("log-rows");
    rows.prepend(row(entry, model));
    if (rows.rows.length > MAX_ROWS) rows.deleteRow(-1);
    this.#showFilled(true);
    return isBest;
  }

  #drawBest() {
    const ranked = [...this.#best].sort(([, a], [, b]) => b.hold.duration_s - a.hold.duration_s);
    byId("log-best").replaceChildren(
      ...ranked.map(([label, { hold, holds, model }]) =>
        make(
          "li",
          {},
          make("span", { className: `dot ${tone(label, model)}` }),
          make("span", { className: "best-pose", text: label }),
          make("strong", { text: seconds(hold.duration_s) }),
          make("span", { className: "facts", text: count(holds, "hold", "holds") }),
        ),
      ),
    );
  }

  #showFilled(filled) {
    show(byId("log-empty"), !filled);
    show(byId("log-best"), filled);
    show(byId("log-box"), filled);
    byId("log-save").disabled = !filled;
    byId("log-clear").disabled = !filled;
  }

  #clear() {
    this.#holds = [];
    this.#best.clear();
    byId("log-rows").replaceChildren();
    this.#showFilled(false);
  }

  #save() {
    const lines = this.#holds.map(({ label, started, duration_s, score }) =>
      [
        quoted(label),
        started.toISOString(),
        new Date(started.getTime() + duration_s * 1000).toISOString(),
        duration_s.toFixed(2),
        score?.points?.toFixed(1) ?? "",
        quoted(score ? remarks(score) : ""),
      ].join(","),
    );
    saveText(`${["pose,started_at,ended_at,duration_s,points,remarks", ...lines].join("\r\n")}\r\n`, "holds.csv", "text/csv");
  }
}

function row(hold, model) {
  return make(
    "tr",
    {},
    make(
      "th",
      { scope: "row" },
      make("span", { className: "log-pose" }, make("span", { className: `dot ${tone(hold.label, model)}` }), hold.label),
      hold.score ? make("span", { className: "log-why facts", text: remarks(hold.score) }) : null,
    ),
    make("td", { text: hold.started.toLocaleTimeString() }),
    make("td", { text: seconds(hold.duration_s) }),
    make("td", { text: hold.score ? pointsText(hold.score) : "" }),
  );
}

const remarks = (score) => score.reason ?? score.faults.map((fault) => fault.text).join("; ");

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
