// Connection to the live service (docs/live-protocol.md). Reconnects automatically.

const HEADER_BYTES = 16;
const MAGIC = "SLF1";
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const BUSY_WAIT_MS = 4000;
const RESPONSE_TIMEOUT_MS = 10_000; // after this long, the connection counts as lost

const CLOSE_BUSY = 1013;
const CLOSE_IDLE = 4408;
const CLOSE_LEFT = 1000;

// States: "connecting", "ready", "busy", "lost", "idle", "closed".
export class Connection {
  #url;
  #listener;
  #socket = null;
  #limits = null;
  #inFlight = new Map(); // frame ID -> when it was sent
  #lastId = 0;
  #failures = 0;
  #timer = 0;
  #watch = 0;
  #refusal = null; // the last error message, the reason if the service then closes
  state = "closed";

  // listener: { onState(state, refusal), onReady(ready), onPose(pose) }; refusal: the error message of
  // a busy service, else null
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
  }

  open() {
    this.#leave();
    this.#refusal = null;
    this.#tell("connecting");
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event) => socket === this.#socket && this.#hear(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
    this.#socket = socket;
  }

  close() {
    this.#leave();
    this.#tell("closed");
  }

  // Reconnects after the service has closed an idle session.
  wake() {
    if (this.state === "idle") this.open();
  }

  // Whether another frame may be sent.
  get hasRoom() {
    return this.state === "ready" && this.#inFlight.size < this.#limits.max_in_flight;
  }

  get maxFrameBytes() {
    return this.#limits.max_frame_bytes;
  }

  send(image, capture_s) {
    if (this.state !== "ready") return;
    const frame = new Uint8Array(HEADER_BYTES + image.byteLength);
    const header = new DataView(frame.buffer);
    for (let i = 0; i < MAGIC.length; i += 1) header.setUint8(i, MAGIC.charCodeAt(i));
    this.#lastId += 1;
    header.setUint32(4, this.#lastId, true);
    header.setFloat64(8, capture_s, true);
    frame.set(new Uint8Array(image), HEADER_BYTES);
    this.#socket.send(frame);
    this.#inFlight.set(this.#lastId, performance.now());
    this.#watch ||= setTimeout(() => this.#checkResponse(), RESPONSE_TIMEOUT_MS);
  }

  #hear(message) {
    if (message.type === "ready") {
      this.#limits = message.limits;
      this.#listener.onReady(message);
      if (this.state !== "ready") this.#tell("ready");
    } else if (message.type === "pose") {
      this.#failures = 0;
      this.#settle(message.frame_id);
      this.#listener.onPose(message);
    } else if (message.type === "error") {
      this.#refusal = message;
      this.#settle(message.frame_id);
    }
  }

  // A response settles its frame and all frames before it: they were answered or dropped.
  #settle(frameId) {
    for (const id of this.#inFlight.keys()) {
      if (frameId === null || id <= frameId) this.#inFlight.delete(id);
    }
  }

  #checkResponse() {
    this.#watch = 0;
    const [sent] = this.#inFlight.values();
    if (sent === undefined) return;
    const waited_ms = performance.now() - sent;
    if (waited_ms < RESPONSE_TIMEOUT_MS) {
      this.#watch = setTimeout(() => this.#checkResponse(), RESPONSE_TIMEOUT_MS - waited_ms);
    } else {
      this.#leave();
      this.#again("lost", null);
    }
  }

  #closed(code) {
    this.#leave();
    if (code === CLOSE_IDLE) this.#tell("idle");
    else if (code === CLOSE_BUSY) this.#again("busy", this.#refusal);
    else this.#again("lost", null);
  }

  #again(state, refusal) {
    const growing_ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    // Random, so that many pages do not reconnect at the same moment.
    const wait_ms = (state === "busy" ? BUSY_WAIT_MS : growing_ms) * (0.8 + 0.4 * Math.random());
    this.#failures += 1;
    this.#tell(state, refusal);
    this.#timer = setTimeout(() => this.open(), wait_ms);
  }

  #leave() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#watch = 0;
    this.#inFlight.clear();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(CLOSE_LEFT);
  }

  #tell(state, refusal = null) {
    this.state = state;
    this.#listener.onState(state, refusal);
  }
}
