// The photo view: a photo in, its skeleton and pose out. Photos are not stored.

import { ApiError, PHOTOS, upload } from "../shared/api.js";
import { BASE } from "../shared/base.js";
import { byId, show } from "../shared/dom.js";
import { acceptChoices } from "../shared/drop.js";
import { showError, hideError } from "../shared/message.js";
import { size } from "../shared/words.js";
import { photoPrediction } from "./prediction.js";

const DEMO = `${BASE}/web/photo/demo.jpg`;

let limitMb = null;
let sending = null;

export function start(take) {
  acceptChoices(byId("photo-file"), take);
  byId("photo-demo").addEventListener("click", tryDemo);
}

// A click on this view's own link closes what was open.
export function enter({ comingBack }) {
  if (comingBack) return;
  sending?.abort();
  sending = null;
  showCard(false);
}

export function leave() {}

export function setLimit(megabytes) {
  limitMb = megabytes;
  byId("photo-limits").textContent = `JPEG, PNG, WebP or GIF, up to ${megabytes} MB. Photos are not stored.`;
}

export async function take(file) {
  hideError();
  sending?.abort();
  if (limitMb && file.size > limitMb * 1024 * 1024) {
    showError(new ApiError(413, "Too large", `${file.name} has ${size(file.size)}. The limit is ${limitMb} MB.`));
    return;
  }
  showBusy(file.name);
  const mine = upload(PHOTOS, file, (loaded, total) => {
    byId("photo-status").textContent = loaded < total ? "Uploading…" : "Classifying…";
  });
  sending = mine;
  try {
    const photo = await mine.response;
    if (sending === mine) finish(photo, file);
  } catch (error) {
    if (sending !== mine) return; // another photo has replaced it
    showCard(false);
    showError(error);
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
    showError(error);
  }
}
