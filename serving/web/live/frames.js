// Captures frames of a video element and sends them, as fast as the service takes them.

const LONGEST_SIDE_PX = 640;
const QUALITY = 0.8;
const SMALLER = 0.7; // factor for the side when an image exceeds the limit of the service
const FALLBACK_MS = 33;

export class FrameSender {
  #video;
  #connection;
  #canvas = document.createElement("canvas");
  #running = false;
  #preparing = false; // one at a time, so that frames are sent in the order they were captured
  #longest_px = LONGEST_SIDE_PX;
  #last_s = -Infinity;

  constructor(video, connection) {
    this.#video = video;
    this.#connection = connection;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#next();
  }

  stop() {
    this.#running = false;
  }

  #next() {
    if (!this.#running) return;
    const frame = (now_ms, facts) => {
      this.#take((facts?.captureTime ?? facts?.presentationTime ?? now_ms) / 1000);
      this.#next();
    };
    // Once per video frame; older browsers use a timer.
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback(frame);
    else setTimeout(() => frame(performance.now()), FALLBACK_MS);
  }

  // capture_s: seconds by the clock of performance.now().
  #take(capture_s) {
    if (!this.#running || document.hidden || capture_s <= this.#last_s) return;
    this.#connection.wake();
    if (this.#preparing || !this.#connection.hasRoom || !this.#video.videoWidth) return;
    this.#last_s = capture_s;
    const { videoWidth: width, videoHeight: height } = this.#video;
    const scale = Math.min(1, this.#longest_px / Math.max(width, height));
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const context = this.#canvas.getContext("2d", { alpha: false });
    context.drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    this.#preparing = true;
    this.#canvas.toBlob((blob) => this.#send(blob, capture_s), "image/jpeg", QUALITY);
  }

  async #send(blob, capture_s) {
    try {
      if (!blob || !this.#running || this.#connection.state !== "ready") return;
      if (blob.size > this.#connection.maxFrameBytes) {
        this.#longest_px *= SMALLER;
        return;
      }
      this.#connection.send(await blob.arrayBuffer(), capture_s);
    } finally {
      this.#preparing = false;
    }
  }
}
