// The table of key moments; a click shows both recordings at one.

import { make } from "../shared/dom.js";
import { clock, percent } from "../shared/words.js";
import { late } from "./words.js";

export function makeSplits(splits, players) {
  if (!splits.length) {
    return make("p", { className: "fine", text: "The reference has no holds, and no key moments were given." });
  }
  const head = ["Moment", "Reference", "Target", "", "Sure"].map((text) => make("th", { scope: "col", text }));
  const rows = splits.map((split) => row(split, players));
  return make(
    "div",
    { className: "table-box", tabindex: "0", role: "region", "aria-label": "Key moments" },
    make("table", { className: "splits" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)),
  );
}

function row(split, players) {
  const button = make("button", {
    type: "button",
    className: "pose-button",
    text: String(split.number),
    "aria-label": `Show key moment ${split.number}`,
    onclick: () => players.seek(split.reference_s),
  });
  const target = split.found ? clock(split.target_s) : "not found";
  return make(
    "tr",
    split.found ? {} : { className: "missing", title: split.reason },
    make("th", { scope: "row" }, button),
    make("td", { text: clock(split.reference_s) }),
    make("td", { text: target }),
    make("td", { text: split.found ? late(split.late_s) : "" }),
    make("td", { text: percent(split.confidence) }),
  );
}
