// Pictures of frames, fetched ahead and kept, so that stepping is instant.

import { recordingUrl, send } from "./api.js";

const KEPT = 90;

export class Pictures {
  constructor() {
    this.kept = new Map();
  }

  // { url, frame, sharp } of a frame; `fast` gives what is at hand: perhaps of a frame nearby.
  get(filename, frame, { fast = false } = {}) {
    const key = `${filename}@${frame}`;
    const known = this.kept.get(key);
    if (known) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const picture = load(filename, frame, fast);
    if (fast) return picture;
    this.kept.set(key, picture);
    picture.catch(() => this.kept.delete(key));
    this.tidy();
    return picture;
  }

  ahead(filename, frames) {
    for (const frame of frames) this.get(filename, frame).catch(() => {});
  }

  tidy() {
    while (this.kept.size > KEPT) {
      const [key, picture] = this.kept.entries().next().value;
      this.kept.delete(key);
      picture.then(({ url }) => URL.revokeObjectURL(url)).catch(() => {});
    }
  }
}

async function load(filename, frame, fast) {
  const reply = await send(`${recordingUrl(filename)}/frames/${frame}${fast ? "?fast=true" : ""}`);
  const url = URL.createObjectURL(await reply.blob());
  return { url, frame: Number(reply.headers.get("X-Frame")), sharp: reply.headers.get("X-Sharp") === "1" };
}
