// Bars with the probability of each pose.

import { make } from "./dom.js";
import { tone } from "./tones.js";
import { percent } from "./words.js";

// Bars in the order of the labels. update() sets their lengths; null empties them.
export function makeBars(labels, model) {
  const rows = new Map(labels.map((label) => [label, makeRow(label, model)]));
  const element = make("ul", { className: "bars", "aria-label": "Probabilities" }, ...[...rows.values()].map((row) => row.item));
  const update = (probabilities, chosen = null) => {
    for (const [label, row] of rows) {
      const probability = probabilities?.[label] ?? null;
      row.fill.style.transform = `scaleX(${probability ?? 0})`;
      row.number.textContent = percent(probability);
      row.item.classList.toggle("chosen", label === chosen);
    }
  };
  update(null);
  return { element, update };
}

function makeRow(label, model) {
  const number = make("span", { className: "facts" });
  const fill = make("span", { className: `fill ${tone(label, model)}` });
  const item = make("li", {}, make("span", { text: label }), number, make("span", { className: "track" }, fill));
  return { item, number, fill };
}
