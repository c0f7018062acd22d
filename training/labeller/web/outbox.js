// Changes that are not on disk yet. They are sent in order, and resent until the tool responds.

import { Problem, recordingUrl, request } from "./api.js";

const RETRY_MS = 700;

export class Outbox {
  // changed(status, waiting) gets "saved", "saving" or "lost"; refused(entry, problem) gets changes
  // that the tool rejects.
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

  // Resolves to the response, or to null if the tool refuses. A resent request keeps its ID.
  send(filename, action) {
    return new Promise((resolve) => {
      const body = JSON.stringify({ ...action, request: requestId() });
      this.waiting.push({ filename, action, body, resolve });
      this.notify();
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
        const response = await request(`${recordingUrl(entry.filename)}/actions`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: entry.body,
        });
        this.lost = false;
        this.waiting.shift();
        entry.resolve(response);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.temporary) {
          this.lost = true;
          this.notify();
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        this.lost = false;
        this.waiting.shift();
        this.refused(entry, error);
        entry.resolve(null);
      }
      this.notify();
    }
    this.running = false;
  }

  notify() {
    const unsaved = this.lost ? "lost" : "saving";
    this.changed(this.empty ? "saved" : unsaved, this.waiting.length);
  }
}

function requestId() {
  // crypto.randomUUID exists only on https and localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
