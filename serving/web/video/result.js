// The result of an analysis.

import { make } from "../shared/dom.js";
import { clock, count } from "../shared/words.js";
import { Angles } from "./angles.js";
import { Downloads } from "./downloads.js";
import { Holds } from "./holds.js";
import { makeLegend } from "./legend.js";
import { makeNow } from "./now.js";
import { Player } from "./player.js";
import { makeRibbon } from "./ribbon.js";
import { Summary } from "./summary.js";

const SHORTEST_S = 0.001; // avoids division by zero for a video of one frame

// Fills the box. update(job) adds what has been drawn since; close() frees resources.
export function showResult(box, job, timeline) {
  const { media, model, segments, totals } = timeline;
  const duration_s = Math.max(media.duration_s, SHORTEST_S);
  const holds = segments.filter((segment) => segment.hold);
  const player = new Player(job, duration_s, media.slow_motion ?? 1);
  const table = new Holds(holds, model, player);
  const summary = new Summary(job);
  const angles = new Angles(holds, model, duration_s, player);
  const downloads = new Downloads(job);
  box.replaceChildren(
    make(
      "div",
      { className: "watch" },
      make(
        "div",
        { className: "watch-main" },
        player.element,
        makeNow(segments, model, player),
        makeRibbon(segments, model, duration_s, player),
      ),
      make("div", { className: "watch-side" }, table.element),
    ),
    makeLegend(totals, segments, model),
    angles.element,
    make(
      "div",
      { className: "extras" },
      summary.element,
      make("div", {}, downloads.element, make("p", { className: "fine media", text: mediaSentence(media) })),
    ),
  );
  angles.load(job);
  return {
    update(newer) {
      player.update(newer, media.frames);
      table.update(newer);
      summary.update(newer);
      downloads.update(newer);
    },
    pause: () => player.pause(),
    close() {
      player.close();
      angles.close();
      box.replaceChildren();
    },
  };
}

function mediaSentence(media) {
  const facts = `${count(media.frames, "frame", "frames")}, ${clock(media.duration_s)}, ${media.width} × ${media.height}, ${media.codec}.`;
  const people =
    media.people_in_view > 1 ? ` Up to ${media.people_in_view} people were in view; one of them was followed.` : "";
  const others = [people, ...(media.notes ?? [])].join(" ").trimEnd();
  if (media.status === "complete") return facts + others;
  const damage = `${count(media.decode_failures, "packet", "packets")} could not be read, ${count(media.damaged_frames, "frame is", "frames are")} damaged`;
  const what = media.status === "truncated" ? "The file is incomplete" : "The file is damaged";
  return `${what}: ${damage}. Everything readable was analysed: ${facts}${others}`;
}
