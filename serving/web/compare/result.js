// The result of a comparison.

import { request } from "../shared/api.js";
import { icon, make } from "../shared/dom.js";
import { percent } from "../shared/words.js";
import { makeRibbon } from "../video/ribbon.js";
import { Chart } from "./chart.js";
import { TimeMap } from "./in_step.js";
import { Players } from "./players.js";
import { makeSplits } from "./splits.js";
import { degrees } from "./words.js";

// Fills the box; resolves to { pause, close }.
export async function showResult(box, comparison) {
  const { links } = comparison;
  const videos = [links.reference, links.target];
  const result = await request(links.result);
  const jobs = await Promise.all(videos.map((video) => request(video)));
  const timelines = await Promise.all(videos.map((video) => request(`${video}/timeline?format=json`)));
  if (!result.same_routine) {
    box.replaceChildren(different(result));
    return { pause() {}, close: () => box.replaceChildren() };
  }
  const map = new TimeMap(result.curve);
  const sides = jobs.map((job, index) => side(job, timelines[index]));
  const players = new Players(sides, result.reference_duration_s, map, result.mirrored);
  const chart = new Chart(result, players);
  const ribbons = timelines.map(({ segments, model, media }, index) =>
    makeRibbon(segments, model, media.duration_s, index ? players.ofTarget : players),
  );
  box.replaceChildren(
    players.element,
    make("div", { className: "ribbons" }, ...ribbons),
    chart.element,
    make(
      "div",
      { className: "extras" },
      make("div", {}, make("h3", { text: "Key moments" }), makeSplits(result.splits, players)),
      make("div", {}, make("h3", { text: "Downloads" }), downloads(links), make("p", { className: "fine media", text: sentence(result) })),
    ),
  );
  chart.draw();
  return {
    pause: () => players.pause(),
    close() {
      players.close();
      chart.close();
      box.replaceChildren();
    },
  };
}

// The video with skeleton plays in every browser; it may not have been drawn yet.
const side = ({ source, links }, { media }) => ({
  source,
  media: links.overlay ?? links.media,
  timeline: links.timeline,
  slower: media.slow_motion ?? 1,
});

function downloads(links) {
  const link = (href, text, kind) =>
    make("a", { className: "button quiet small", href, download: "" }, icon("download"), make("span", { text }), make("span", { className: "kind", text: kind }));
  return make(
    "div",
    { className: "downloads" },
    link(links.video, "Side by side", "MP4"),
    link(links.splits, "Key moments", "CSV"),
    link(links.result, "Everything", "JSON"),
  );
}

function sentence({ fit, mirrored, pose_difference_deg: difference }) {
  const flipped = mirrored ? " The target is flipped left to right." : "";
  return `On average the poses differ by ${degrees(difference)}. The same routine: ${percent(fit.confidence)} sure.${flipped}`;
}

function different({ fit }) {
  return make(
    "div",
    { className: "different" },
    make("p", {}, make("strong", { text: "These two videos do not show the same routine." })),
    make("p", {
      className: "fine",
      text: `Their poses come in another order, or differ too much (${percent(fit.confidence)} sure that they are the same). Compare two recordings of one routine.`,
    }),
  );
}
