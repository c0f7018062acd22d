// What a finished analysis looks like.

import { make } from "../shared/dom.js";
import { clock, count } from "../shared/words.js";
import { Angles } from "./angles.js";
import { Downloads } from "./downloads.js";
import { makeHolds } from "./holds.js";
import { makeLegend } from "./legend.js";
import { makeNow } from "./now.js";
import { Player } from "./player.js";
import { makeRibbon } from "./ribbon.js";
import { makeSummary } from "./summary.js";

const SHORTEST_S = 0.001; // a video of one frame has no length, and nothing divides by it

// Fills the box; update(job) follows the drawing of the overlay, close() frees what was loaded.
export function showResult(box, job, timeline) {
  const { media, model, segments, totals } = timeline;
  const duration_s = Math.max(media.duration_s, SHORTEST_S);
  const holds = segments.filter((segment) => segment.hold);
  const player = new Player(job);
  const angles = new Angles(job, holds, model, duration_s, player);
  const downloads = new Downloads(job);
  const parts = [
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
      make("div", { className: "watch-side" }, makeHolds(job, holds, model, player)),
    ),
    makeLegend(totals, segments, model),
    angles.element,
    makeSummary(job),
    downloads.element,
    make("p", { className: "fine", text: mediaSentence(media) }),
  ];
  box.replaceChildren(...parts.filter((part) => part !== null));
  return {
    update(newer) {
      player.update(newer.overlay ?? null, media.frames);
      downloads.update(newer.overlay ?? null);
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
  const read = `${count(media.frames, "frame", "frames")}, ${clock(media.duration_s)}, ${media.width} × ${media.height}, ${media.codec}.`;
  const others =
    media.people_in_view > 1 ? ` Up to ${media.people_in_view} people were in view; one was followed.` : "";
  if (media.status === "complete") return read + others;
  const damage = `${count(media.decode_failures, "piece", "pieces")} could not be read, ${count(media.damaged_frames, "frame is", "frames are")} damaged`;
  const what = media.status === "truncated" ? "The file ends too early" : "The file is damaged in places";
  return `${what}: ${damage}. What could be read was analysed: ${read}${others}`;
}
