// What was done and is not on disk yet. Sent in order, and again until the tool has answered.

import { Problem, recordingUrl, request } from "./api.js";

const RETRY_MS = 700;

export class Outbox {
  // changed(state, waiting): "saved", "saving" or "lost"; refused(entry, problem): it cannot be done.
  constructor({ changed, refused }) {
    this.changed = changed;
    this.refused = refused;
    this.waiting = [];
    this.lost = false;
    this.running = false;
  }

  get empty() {
    return this.waiting.length === 0;
  }

  // The answer, or null when the tool refused. The request's id stays the same when it is sent again.
  send(filename, action) {
    return new Promise((resolve) => {
      const body = JSON.stringify({ ...action, request: requestId() });
      this.waiting.push({ filename, action, body, resolve });
      this.tell();
      if (!this.running) this.run();
    });
  }

  async drained() {
    while (!this.empty) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async run() {
    this.running = true;
    while (!this.empty) {
      const entry = this.waiting[0];
      try {
        const answer = await request(`${recordingUrl(entry.filename)}/actions`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: entry.body,
        });
        this.lost = false;
        this.waiting.shift();
        entry.resolve(answer);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.passes) {
          this.lost = true;
          this.tell();
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        this.lost = false;
        this.waiting.shift();
        this.refused(entry, error);
        entry.resolve(null);
      }
      this.tell();
    }
    this.running = false;
  }

  tell() {
    const unsaved = this.lost ? "lost" : "saving";
    this.changed(this.empty ? "saved" : unsaved, this.waiting.length);
  }
}

function requestId() {
  // crypto.randomUUID exists on https and localhost only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
