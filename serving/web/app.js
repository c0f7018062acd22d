// The page: three places, and which of them is shown. The address says it, so it can be shared:
// #live, #video, #photo, or the id of an analysis.

import { request } from "./shared/api.js";
import { byId, show } from "./shared/dom.js";
import { acceptDrops, isPhoto } from "./shared/drop.js";
import { hush } from "./shared/message.js";
import * as live from "./live/place.js";
import * as photo from "./photo/place.js";
import * as video from "./video/place.js";

const PLACES = { live, video, photo };
const TITLES = { live: "Live", video: "Video", photo: "Photo" };
const FIRST = "video";
const ANALYSIS = /^[0-9a-f]{32}$/;
const RETRY_MS = 5000;

let shown = null;

function route() {
  const target = location.hash.slice(1);
  const id = ANALYSIS.test(target) ? target : null;
  const name = id ? "video" : target || FIRST;
  if (name in PLACES) go(name, id);
  else if (!shown) go(FIRST, null);
}

function go(name, id) {
  const comingBack = shown !== name;
  if (comingBack) {
    hush();
    if (shown) PLACES[shown].leave();
    for (const place of Object.keys(PLACES)) {
      show(byId(place), place === name);
      byId(`to-${place}`).toggleAttribute("aria-current", false);
    }
    byId(`to-${name}`).setAttribute("aria-current", "page");
    document.title = `${TITLES[name]} · Aerial straps poses`;
    shown = name;
  }
  PLACES[name].enter(id, comingBack);
}

function take(file) {
  const name = isPhoto(file) ? "photo" : "video";
  if (shown !== name) {
    history.pushState(null, "", `#${name}`);
    go(name, null);
  }
  PLACES[name].take(file);
}

async function watchService() {
  try {
    await request("/health/ready");
    byId("service").textContent = "";
    const { limits } = await request("/api/v1/model");
    video.setLimit(limits.max_upload_mb);
    photo.setLimit(limits.max_photo_mb);
  } catch (error) {
    byId("service").textContent = error.status === 503 ? `Not ready: ${error.message}` : error.message;
    setTimeout(watchService, RETRY_MS);
  }
}

for (const place of [video, photo]) place.start(take);
live.start();
acceptDrops(take);
window.addEventListener("hashchange", route);
// The way to the place that is shown already leads to its beginning.
for (const name of Object.keys(PLACES)) {
  byId(`to-${name}`).addEventListener("click", (event) => event.currentTarget.hash === location.hash && route());
}
watchService();
route();
