// What cost a hold points, and pictures of its moments with the ideal line beside the real one.

import { make } from "../shared/dom.js";
import { clock, count } from "../shared/words.js";

const NAMES = { entry: "Entry", steadiest: "Steadiest", last: "Last moment" };
const LINE = "White dashes are the pose's ideal line for this body.";
const ASSUMED = "The ideal line of this pose is an assumption: no public definition was found.";

// The score as the content of a table cell; update(hold) adds the pictures of /holds.
export class HoldScore {
  #pictures = make("div", { className: "moments" });
  #details;

  constructor(score) {
    this.#details = make(
      "details",
      { className: "closer", hidden: "" },
      make("summary", { text: "Look closer" }),
      this.#pictures,
      make("p", { className: "fine", text: [LINE, ...(score.assumed ? [ASSUMED] : [])].join(" ") }),
    );
    this.element = make("div", { className: "why-box" }, reasons(score), this.#details);
  }

  // hold: of /holds; player: to seek to the moment of a picture.
  update(hold, player) {
    if (!hold.moments.length) return;
    this.#pictures.replaceChildren(...hold.moments.map((moment) => picture(moment, player)));
    this.#details.hidden = false;
  }
}

function reasons(score) {
  if (score.points === null) return make("p", { className: "no-score", text: `No score: ${score.reason}.` });
  const items = score.faults.map((fault) =>
    make("li", {}, make("span", { text: unbroken(fault.text) }), make("span", { className: "cost", text: `−${Math.round(fault.points)}` })),
  );
  const facts = [];
  if (score.symmetry_deg !== null) facts.push(`left and right differ by ${Math.round(score.symmetry_deg)}°`);
  if (score.steadiness_cm !== null) facts.push(`hips steady to ±\u00a0${score.steadiness_cm.toFixed(1)}\u00a0cm`);
  return make(
    "div",
    {},
    items.length
      ? make("ul", { className: "faults", "aria-label": count(items.length, "fault", "faults") }, ...items)
      : make("p", { className: "no-faults", text: "Nothing cost points." }),
    make("p", { className: "fine numbers", text: sentence(facts) }),
  );
}

// A number stays in one line with its sign and its unit.
const unbroken = (text) => text.replaceAll("± ", "±\u00a0").replace(/ (?=cm|s)\b/g, "\u00a0");

const sentence = (facts) => {
  const text = facts.join(", ");
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
};

function picture({ moment, time_s, picture: address }, player) {
  const name = `${NAMES[moment]}, ${clock(time_s)}`;
  return make(
    "figure",
    {},
    make(
      "button",
      { type: "button", className: "moment-button", onclick: () => player.seek(time_s), "aria-label": `Show the ${NAMES[moment].toLowerCase()} in the video` },
      make("img", { src: address, alt: "", loading: "lazy" }),
    ),
    make("figcaption", { text: name }),
  );
}
