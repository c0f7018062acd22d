// What a finished analysis looks like: player, ribbon, holds, totals, downloads.

import { byId, clock, make, percent, seconds } from "./dom.js";

const STEP_S = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };
const DOWNLOADS = [
  ["json", "Timeline (JSON)"],
  ["csv", "Frames (CSV)"],
  ["segments", "Segments (CSV)"],
  ["vtt", "Captions (VTT)"],
];

// The colour of a label: poses by their place in the model, the rest by name.
export function tone(label, model) {
  if (label === model.other) return "tone-other";
  if (label === "uncertain") return "tone-uncertain";
  if (label === "no person") return "tone-nobody";
  return `tone-${model.labels.indexOf(label) % 8}`;
}

export function showTimeline(job, timeline) {
  const { media, model, segments, totals } = timeline;
  const duration = Math.max(media.duration_s, 0.001);
  const player = makePlayer(job);
  const now = make("p", { className: "now", id: "now", "aria-live": "off" });
  const ribbon = makeRibbon(segments, model, duration, player);
  const holds = segments.filter((segment) => segment.hold);
  byId("result").replaceChildren(
    make("div", { className: "stage" }, player, now),
    ribbon,
    makeLegend(totals, segments, model),
    makeHolds(holds, model, player),
    make("p", { className: "fine", text: mediaSentence(media) }),
    makeDownloads(job),
  );
  followPlayer(player, ribbon, now, segments, model, duration);
}

function makePlayer(job) {
  const player = make("video", {
    src: job.links.media,
    controls: "",
    playsinline: "",
    preload: "metadata",
    "aria-label": `The video ${job.source}`,
  });
  player.append(
    make("track", {
      kind: "captions",
      label: "Poses",
      srclang: "en",
      src: `${job.links.timeline}?format=vtt`,
    }),
  );
  player.addEventListener("error", () => {
    player.replaceWith(
      make("p", {
        className: "unplayable",
        text: "This browser cannot play this kind of video. The analysis is complete all the same.",
      }),
    );
  });
  return player;
}

function makeRibbon(segments, model, duration, player) {
  const bar = make("div", {
    className: "ribbon",
    role: "slider",
    tabindex: "0",
    "aria-label": "Timeline of poses. Arrow keys move through the video.",
    "aria-valuemin": "0",
    "aria-valuemax": duration.toFixed(1),
  });
  for (const segment of segments) {
    const part = make("div", {
      className: `segment ${tone(segment.label, model)}${segment.hold ? " hold" : ""}`,
      title: `${segment.label}, ${clock(segment.start_s)} to ${clock(segment.end_s)} (${seconds(segment.duration_s)})`,
    });
    part.style.left = `${(segment.start_s / duration) * 100}%`;
    part.style.width = `${(segment.duration_s / duration) * 100}%`;
    if (segment.hold) part.append(make("span", { text: segment.label }));
    bar.append(part);
  }
  new ResizeObserver(() => showLabelsThatFit(bar)).observe(bar);
  bar.append(make("div", { className: "playhead" }));
  const seek = (time) => {
    player.currentTime = Math.min(Math.max(time, 0), duration);
  };
  const seekTo = (event) => {
    const box = bar.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * duration);
  };
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    seekTo(event);
  });
  bar.addEventListener("pointermove", (event) => {
    if (bar.hasPointerCapture(event.pointerId)) seekTo(event);
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key in STEP_S) seek(player.currentTime + STEP_S[event.key]);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(duration);
    else return;
    event.preventDefault();
  });
  const marks = make("div", { className: "marks", "aria-hidden": "true" });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) marks.append(make("span", { text: clock(share * duration) }));
  return make("div", { className: "ribbon-box" }, bar, marks);
}

// Half a word says less than a colour.
function showLabelsThatFit(bar) {
  for (const label of bar.querySelectorAll(".segment span")) {
    label.style.visibility =
      label.scrollWidth <= label.clientWidth && label.clientWidth <= label.parentElement.clientWidth && label.scrollHeight <= label.clientHeight + 2
        ? "visible"
        : "hidden";
  }
}

function followPlayer(player, ribbonBox, now, segments, model, duration) {
  const bar = ribbonBox.querySelector(".ribbon");
  const playhead = ribbonBox.querySelector(".playhead");
  const update = () => {
    const time = player.currentTime;
    playhead.style.left = `${Math.min(100, (time / duration) * 100)}%`;
    const segment = segments.findLast((candidate) => candidate.start_s <= time + 0.0005);
    bar.setAttribute("aria-valuenow", time.toFixed(1));
    if (!segment) return;
    bar.setAttribute("aria-valuetext", `${clock(time)}, ${segment.label}`);
    now.className = `now ${tone(segment.label, model)}`;
    now.replaceChildren(
      make("strong", { text: segment.label }),
      make("span", { text: `${seconds(Math.max(0, time - segment.start_s))} of ${seconds(segment.duration_s)}` }),
    );
  };
  const run = () => {
    if (!player.isConnected) return;
    update();
    if (!player.paused) requestAnimationFrame(run);
  };
  for (const event of ["play", "seeking", "seeked", "pause", "timeupdate", "loadedmetadata"]) {
    player.addEventListener(event, run);
  }
  update();
}

function makeLegend(totals, segments, model) {
  const list = make("ul", { className: "legend", "aria-label": "Poses in this video" });
  for (const total of totals) {
    if (!total.total_s) continue;
    let facts = seconds(total.total_s);
    if (total.holds) {
      facts += total.holds === 1 ? ", 1 hold" : `, ${total.holds} holds, longest ${seconds(total.longest_hold_s)}`;
    }
    list.append(chip(total.label, facts, model));
  }
  for (const label of ["uncertain", "no person"]) {
    const time = segments.filter((s) => s.label === label).reduce((sum, s) => sum + s.duration_s, 0);
    if (time) list.append(chip(label, seconds(time), model));
  }
  return list;
}

function chip(label, facts, model) {
  return make(
    "li",
    {},
    make("span", { className: `dot ${tone(label, model)}` }),
    make("strong", { text: label }),
    make("span", { className: "facts", text: facts }),
  );
}

function makeHolds(holds, model, player) {
  if (!holds.length) {
    return make("p", { className: "no-holds", text: "No pose was held long enough to count as a hold." });
  }
  const head = ["Pose", "Start", "End", "Held for", "Sure"].map((text) => make("th", { text, scope: "col" }));
  const rows = holds.map((hold) => {
    const go = () => {
      player.currentTime = hold.start_s;
      player.scrollIntoView({ block: "nearest" });
      player.play?.().catch(() => {});
    };
    const button = make(
      "button",
      { type: "button", className: "pose-button", onclick: go, "aria-label": `Play ${hold.label} at ${clock(hold.start_s)}` },
      make("span", { className: `dot ${tone(hold.label, model)}` }),
      make("span", { text: hold.label }),
    );
    const cells = [clock(hold.start_s), clock(hold.end_s), seconds(hold.duration_s), percent(hold.confidence)];
    return make("tr", {}, make("th", { scope: "row" }, button), ...cells.map((text) => make("td", { text })));
  });
  return make(
    "div",
    { className: "table-box", tabindex: "0", role: "region", "aria-label": "Holds" },
    make(
      "table",
      {},
      make("caption", { text: holds.length === 1 ? "1 hold" : `${holds.length} holds` }),
      make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...rows),
    ),
  );
}

function mediaSentence(media) {
  const read = `${media.frames} frames, ${clock(media.duration_s)}, ${media.width} × ${media.height}, ${media.codec}.`;
  const others = media.people_in_view > 1 ? ` Up to ${media.people_in_view} people were in view; one was followed.` : "";
  if (media.status === "complete") return read + others;
  const damage = `${media.decode_failures} pieces could not be read, ${media.damaged_frames} frames are damaged`;
  const what = media.status === "truncated" ? "The file ends too early" : "The file is damaged in places";
  return `${what}: ${damage}. What could be read was analysed: ${read}${others}`;
}

function makeDownloads(job) {
  const links = DOWNLOADS.map(([format, text]) =>
    make("a", { className: "button quiet small", href: `${job.links.timeline}?format=${format}`, download: "", text }),
  );
  return make("div", { className: "downloads", role: "group", "aria-label": "Downloads" }, ...links);
}

export function showPhoto(photo, file) {
  const address = URL.createObjectURL(file);
  const picture = make("img", { src: address, alt: `The photo ${photo.source}`, className: "photo" });
  picture.addEventListener("load", () => URL.revokeObjectURL(address));
  byId("result").replaceChildren(make("div", { className: "photo-box" }, picture, photoAnswer(photo)));
}

function photoAnswer(photo) {
  const { model } = photo;
  if (!photo.person) {
    return make("div", {}, make("p", { className: "answer", text: "No person" }), make("p", { className: "fine", text: "Nobody was found in this photo. A photo that shows the whole body works best." }));
  }
  const ranked = Object.entries(photo.probabilities).sort((a, b) => b[1] - a[1]);
  const bars = make("ul", { className: "bars", "aria-label": "Probabilities" });
  for (const [label, probability] of ranked) {
    const fill = make("span", { className: `fill ${tone(label, model)}` });
    fill.style.width = `${probability * 100}%`;
    bars.append(
      make("li", {}, make("span", { text: label }), make("span", { className: "facts", text: percent(probability) }), make("span", { className: "track" }, fill)),
    );
  }
  const doubt = photo.uncertain ? "Perhaps: it is not sure enough to count." : `${percent(photo.confidence)} sure.`;
  const others = photo.people_in_view > 1 ? ` ${photo.people_in_view} people are in view; one was looked at.` : "";
  return make(
    "div",
    {},
    make("p", { className: `answer ${tone(photo.label, model)}`, text: photo.label }),
    make("p", { className: "fine", text: doubt + others }),
    bars,
  );
}
