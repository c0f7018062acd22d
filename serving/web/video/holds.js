// The table of holds; each one can be played.

import { make } from "../shared/dom.js";
import { tone } from "../shared/tones.js";
import { clock, count, percent, seconds } from "../shared/words.js";

const COLUMNS = ["Pose", "Start", "Held for", "Sure"];

export function makeHolds(job, holds, model, player) {
  if (!holds.length) {
    return make("p", { className: "no-holds", text: "No pose was held long enough to count as a hold." });
  }
  const longest_s = Math.max(...holds.map((hold) => hold.duration_s));
  const rows = holds.map((hold, index) => row(job, hold, index + 1, model, player, hold.duration_s === longest_s));
  return make(
    "div",
    { className: "table-box", tabindex: "0", role: "region", "aria-label": "Holds" },
    make(
      "table",
      { className: "holds" },
      make("caption", { text: count(holds.length, "hold", "holds") }),
      make("thead", {}, make("tr", {}, ...COLUMNS.map((text) => make("th", { text, scope: "col" })))),
      make("tbody", {}, ...rows),
    ),
  );
}

function row(job, hold, number, model, player, isLongest) {
  const go = () => {
    player.seek(hold.start_s);
    player.play();
  };
  const button = make(
    "button",
    { type: "button", className: "pose-button", onclick: go, "aria-label": `Play ${hold.label} at ${clock(hold.start_s)}` },
    photoOf(job, number),
    make("span", { className: `dot ${tone(hold.label, model)}` }),
    make("span", { className: "pose-name", text: hold.label }),
  );
  const cells = [clock(hold.start_s), seconds(hold.duration_s), percent(hold.confidence)];
  const element = make("tr", {}, make("th", { scope: "row" }, button), ...cells.map((text) => make("td", { text })));
  if (isLongest) element.classList.add("longest");
  player.follow((time_s) => {
    element.classList.toggle("playing", time_s >= hold.start_s && time_s < hold.end_s);
  });
  return element;
}

// Of the hold at its steadiest moment. Analyses of older services have none.
function photoOf(job, number) {
  if (!job.links.summary) return null;
  const image = make("img", { className: "hold-photo", alt: "", loading: "lazy", src: `${job.links.self}/holds/${number}.jpg` });
  image.addEventListener("error", () => image.remove());
  return image;
}
