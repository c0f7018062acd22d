// The summary image of the routine, when it is ready.

import { make, show } from "../shared/dom.js";

export class Summary {
  #link = make("a", { download: "" });
  #source;

  constructor(job) {
    this.#source = job.source;
    this.element = make(
      "section",
      { className: "summary", hidden: "" },
      make("h3", { text: "The routine on one page" }),
      this.#link,
      make("p", { className: "fine", text: "Click the image to download it." }),
    );
  }

  update(job) {
    if (!job.links.summary || this.#link.hasChildNodes()) return;
    const alt = `Summary of ${this.#source}: its timeline, its holds and how long each pose was held. Download it`;
    this.#link.href = job.links.summary;
    this.#link.append(make("img", { src: job.links.summary, alt, loading: "lazy" }));
    show(this.element, true);
  }
}
