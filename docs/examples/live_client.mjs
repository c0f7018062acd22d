// Sends JPEG files to the live service as frames of a camera, and prints the responses.
//
//   node --experimental-websocket live_client.mjs ws://localhost:8000/api/v1/live a.jpg b.jpg …
//
// Node 22 and later need no flag. In a browser, the same code works with images of a canvas
// (canvas.toBlob). See docs/live-protocol.md for the protocol.

import { readFile } from "node:fs/promises";

const FRAME_S = 1 / 30;
const MAX_IN_FLIGHT = 2;

function frame(id, captureSeconds, jpeg) {
  const message = new Uint8Array(16 + jpeg.byteLength);
  const header = new DataView(message.buffer);
  message.set(new TextEncoder().encode("SLF1"));
  header.setUint32(4, id, true);
  header.setFloat64(8, captureSeconds, true);
  message.set(jpeg, 16);
  return message;
}

const [address, ...paths] = process.argv.slice(2);
const jpegs = await Promise.all(paths.map((path) => readFile(path)));
const socket = new WebSocket(address);
let sent = 0;
let settled = 0;
let dropped = 0;

function sendMore() {
  while (sent < jpegs.length && sent - settled < MAX_IN_FLIGHT) {
    socket.send(frame(sent, sent * FRAME_S, jpegs[sent]));
    sent += 1;
  }
  if (settled === jpegs.length) socket.close(1000, "done");
}

socket.addEventListener("message", ({ data }) => {
  const response = JSON.parse(data);
  if (response.type === "ready") {
    console.log("ready:", response.model.labels.join(", "));
  } else {
    // A response also settles the frames before it that were dropped.
    settled += 1 + response.dropped - dropped;
    dropped = response.dropped;
    const hold = response.hold_s == null ? "" : `  ${response.hold_s.toFixed(1)} s`;
    console.log(response.type === "pose" ? `${response.frame_id}  ${response.label}${hold}` : `error: ${response.detail}`);
  }
  sendMore();
});
socket.addEventListener("close", ({ code, reason }) => {
  console.log("closed:", code, reason);
});
