// The picture of the whole routine on one page.

import { make } from "../shared/dom.js";

export function makeSummary(job) {
  if (!job.links.summary) return null;
  const image = make("img", { src: job.links.summary, alt: `Summary of ${job.source}: its timeline and a photo of each hold`, loading: "lazy" });
  const section = make(
    "section",
    { className: "summary" },
    make("h3", { text: "The routine on one page" }),
    make("a", { href: job.links.summary, download: "" }, image),
    make("p", { className: "fine", text: "Click the picture to download it." }),
  );
  image.addEventListener("error", () => section.remove());
  return section;
}
