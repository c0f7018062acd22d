// Downloads of an analysis.

import { icon, make } from "../shared/dom.js";

const FORMATS = [
  ["json", "Timeline", "JSON"],
  ["csv", "Frames", "CSV"],
  ["segments", "Segments", "CSV"],
  ["vtt", "Captions", "WebVTT"],
];
// Analyses by older versions lack these.
const NEWER_FORMATS = [
  ["srt", "Captions", "SRT"],
  ["eaf", "ELAN", "EAF"],
  ["landmarks", "Landmarks", "CSV"],
];

export class Downloads {
  #group = make("div", { className: "downloads", role: "group", "aria-labelledby": "downloads-title" });
  #hasOverlay = false;

  constructor(job) {
    const formats = job.links.angles ? [...FORMATS, ...NEWER_FORMATS] : FORMATS;
    this.#group.append(...formats.map(([format, what, kind]) => link(`${job.links.timeline}?format=${format}`, what, kind)));
    this.element = make("section", {}, make("h3", { id: "downloads-title", text: "Downloads" }), this.#group);
  }

  // Adds the video with skeleton when it is ready.
  update(job) {
    if (this.#hasOverlay || !job.links.overlay) return;
    this.#hasOverlay = true;
    this.#group.prepend(link(job.links.overlay, "Video with skeleton", "MP4"));
  }
}

function link(address, what, kind) {
  return make(
    "a",
    { className: "button quiet small", href: address, download: "" },
    icon("download"),
    make("span", { text: what }),
    " ",
    make("span", { className: "kind", text: kind }),
  );
}
