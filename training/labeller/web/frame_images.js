// Images of frames, fetched ahead and kept in memory, so that stepping is instant.

import { recordingUrl, send } from "./api.js";

const KEPT = 90;

export class FrameImages {
  constructor() {
    this.kept = new Map();
  }

  // A frame's image as { url, frame, sharp }. With `fast` it may be small, or of a nearby frame.
  get(filename, frame, { fast = false } = {}) {
    const key = `${filename}@${frame}`;
    const known = this.kept.get(key);
    if (known) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const image = load(filename, frame, fast);
    if (fast) return image;
    this.kept.set(key, image);
    image.catch(() => this.kept.delete(key));
    this.tidy();
    return image;
  }

  ahead(filename, frames) {
    for (const frame of frames) this.get(filename, frame).catch(() => {});
  }

  tidy() {
    while (this.kept.size > KEPT) {
      const [key, image] = this.kept.entries().next().value;
      this.kept.delete(key);
      image.then(({ url }) => URL.revokeObjectURL(url)).catch(() => {});
    }
  }
}

async function load(filename, frame, fast) {
  const reply = await send(`${recordingUrl(filename)}/frames/${frame}${fast ? "?fast=true" : ""}`);
  const url = URL.createObjectURL(await reply.blob());
  return { url, frame: Number(reply.headers.get("X-Frame")), sharp: reply.headers.get("X-Sharp") === "1" };
}
