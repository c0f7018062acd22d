// Sends JPEG files to the live service as if a camera were filming, and prints what comes back.
//
//   node --experimental-websocket live_client.mjs ws://localhost:8000/api/v1/live a.jpg b.jpg …
//
// Newer versions of Node need no flag; in a browser, the same code works with pictures of a canvas
// (canvas.toBlob). The protocol is described in docs/live-protocol.md.

import { readFile } from "node:fs/promises";

const FRAME_S = 1 / 30;
const MAX_IN_FLIGHT = 2;

function frame(id, captureSeconds, picture) {
  const message = new Uint8Array(16 + picture.byteLength);
  const header = new DataView(message.buffer);
  message.set(new TextEncoder().encode("SLF1"));
  header.setUint32(4, id, true);
  header.setFloat64(8, captureSeconds, true);
  message.set(picture, 16);
  return message;
}

const [address, ...paths] = process.argv.slice(2);
const pictures = await Promise.all(paths.map((path) => readFile(path)));
const socket = new WebSocket(address);
let sent = 0;
let settled = 0;
let dropped = 0;

function sendMore() {
  while (sent < pictures.length && sent - settled < MAX_IN_FLIGHT) {
    socket.send(frame(sent, sent * FRAME_S, pictures[sent]));
    sent += 1;
  }
  if (settled === pictures.length) socket.close(1000, "done");
}

socket.addEventListener("message", ({ data }) => {
  const answer = JSON.parse(data);
  if (answer.type === "ready") {
    console.log("ready:", answer.model.labels.join(", "));
  } else {
    // An answer also settles the frames before it that were dropped.
    settled += 1 + answer.dropped - dropped;
    dropped = answer.dropped;
    const hold = answer.hold_s == null ? "" : `  ${answer.hold_s.toFixed(1)} s`;
    console.log(answer.type === "pose" ? `${answer.frame_id}  ${answer.label}${hold}` : `error: ${answer.detail}`);
  }
  sendMore();
});
socket.addEventListener("close", ({ code, reason }) => {
  console.log("closed:", code, reason);
});
