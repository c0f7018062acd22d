// The legend of the ribbon, with the total time of each label.

import { make } from "../shared/dom.js";
import { NO_PERSON, NOT_IN_VIEW, UNCERTAIN, tone } from "../shared/tones.js";
import { count, seconds } from "../shared/words.js";

export function makeLegend(totals, segments, model) {
  const list = make("ul", { className: "legend", "aria-label": "Poses in this video" });
  for (const total of totals) {
    if (!total.total_s) continue;
    const longest = total.holds > 1 ? `, longest ${seconds(total.longest_hold_s)}` : "";
    const holds = total.holds ? `, ${count(total.holds, "hold", "holds")}${longest}` : "";
    list.append(entry(total.label, seconds(total.total_s) + holds, model));
  }
  for (const label of [UNCERTAIN, NOT_IN_VIEW, NO_PERSON]) {
    const time_s = segments.filter((s) => s.label === label).reduce((sum, s) => sum + s.duration_s, 0);
    if (time_s) list.append(entry(label, seconds(time_s), model));
  }
  return list;
}

function entry(label, facts, model) {
  return make(
    "li",
    {},
    make("span", { className: `dot ${tone(label, model)}` }),
    make("strong", { text: label }),
    make("span", { className: "facts", text: facts }),
  );
}
