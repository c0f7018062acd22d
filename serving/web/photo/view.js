// The place for photos: one picture in, its skeleton and its pose out. Nothing is kept.

import { ApiError, PHOTOS, upload } from "../shared/api.js";
import { byId, show } from "../shared/dom.js";
import { acceptChoices } from "../shared/drop.js";
import { complain, hush } from "../shared/message.js";
import { size } from "../shared/words.js";
import { photoPrediction } from "./prediction.js";

const DEMO = "/web/photo/demo.jpg";

let limitMb = null;
let sending = null;

export function start(take) {
  acceptChoices(byId("photo-file"), take);
  byId("photo-demo").addEventListener("click", tryDemo);
}

// Asking for this place again closes what was open.
export function enter({ comingBack }) {
  if (comingBack) return;
  sending?.abort();
  sending = null;
  showCard(false);
}

export function leave() {}

export function setLimit(megabytes) {
  limitMb = megabytes;
  byId("photo-limits").textContent = `JPEG, PNG or WebP, up to ${megabytes} MB. Nothing leaves this service.`;
}

export async function take(file) {
  hush();
  sending?.abort();
  if (limitMb && file.size > limitMb * 1024 * 1024) {
    complain(new ApiError(413, "Too large", `${file.name} has ${size(file.size)}, at most ${limitMb} MB are taken.`));
    return;
  }
  showBusy(file.name);
  const mine = upload(PHOTOS, file, (loaded, total) => {
    byId("photo-status").textContent = loaded < total ? "Uploading…" : "Looking at it…";
  });
  sending = mine;
  try {
    const photo = await mine.answer;
    if (sending === mine) finish(photo, file);
  } catch (error) {
    if (sending !== mine) return; // another photo has taken its place
    showCard(false);
    complain(error);
  }
}

function showBusy(name) {
  byId("photo-title").textContent = name;
  byId("photo-status").textContent = "Uploading…";
  byId("photo-status").dataset.status = "";
  byId("photo-result").replaceChildren();
  show(byId("photo-progress"), true);
  showCard(true);
}

function showCard(visible) {
  show(byId("photo-card"), visible);
  byId("photo").classList.toggle("open", visible);
}

function finish(photo, file) {
  byId("photo-status").textContent = "Done";
  byId("photo-status").dataset.status = "Done";
  show(byId("photo-progress"), false);
  byId("photo-result").replaceChildren(photoPrediction(photo, file));
  byId("photo-title").focus({ preventScroll: true });
  byId("photo-card").scrollIntoView({ block: "nearest" });
}

async function tryDemo() {
  try {
    const reply = await fetch(DEMO);
    if (!reply.ok) throw new ApiError(reply.status, "No demo photo", "The demo photo is not installed.");
    await take(new File([await reply.blob()], "demo.jpg", { type: "image/jpeg" }));
  } catch (error) {
    complain(error);
  }
}
