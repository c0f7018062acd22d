// Shows one of four views, chosen by the fragment of the address so that links can be shared: #live,
// #video, #photo, #compare, the ID of an analysis, or that of a comparison.

import { MODEL, READY, request } from "./shared/api.js";
import { byId, show } from "./shared/dom.js";
import { acceptDrops, isPhoto } from "./shared/drop.js";
import { loggedIn } from "./shared/login.js";
import { hideError } from "./shared/message.js";
import * as compare from "./compare/view.js";
import * as live from "./live/view.js";
import * as photo from "./photo/view.js";
import * as video from "./video/view.js";

const VIEWS = { live, video, compare, photo };
const TITLES = { live: "Live", video: "Video", compare: "Compare", photo: "Photo" };
const FIRST = "video";
const ANALYSIS = /^[0-9a-f]{32}$/;
const COMPARISON = /^compare-([0-9a-f]{32})$/;
const RETRY_MS = 5000;

let shown = null;

function route() {
  const target = location.hash.slice(1);
  const analysis = ANALYSIS.test(target) ? target : null;
  const comparison = COMPARISON.exec(target)?.[1] ?? null;
  const id = analysis ?? comparison;
  const name = (analysis && "video") || (comparison && "compare") || target || FIRST;
  if (name in VIEWS) go(name, id);
  else if (!shown) go(FIRST, null);
}

function go(name, id) {
  const comingBack = shown !== name;
  if (comingBack) {
    hideError();
    if (shown) VIEWS[shown].leave();
    for (const view of Object.keys(VIEWS)) {
      show(byId(view), view === name);
      byId(`to-${view}`).toggleAttribute("aria-current", false);
    }
    byId(`to-${name}`).setAttribute("aria-current", "page");
    document.title = `${TITLES[name]} · Aerial straps poses`;
    shown = name;
  }
  VIEWS[name].enter({ id, comingBack });
}

function take(file) {
  const name = isPhoto(file) ? "photo" : "video";
  if (shown !== name) {
    history.pushState(null, "", `#${name}`);
    go(name, null);
  }
  VIEWS[name].take(file);
}

async function watchService() {
  try {
    await request(READY);
    byId("service").textContent = "";
    const { limits } = await request(MODEL);
    video.setLimit(limits.max_upload_mb);
    photo.setLimit(limits.max_photo_mb);
  } catch (error) {
    byId("service").textContent = error.status === 503 ? `Not ready: ${error.message}` : error.message;
    setTimeout(watchService, RETRY_MS);
  }
}

for (const view of [video, photo]) view.start(take);
live.start();
compare.start();
acceptDrops(take);
window.addEventListener("hashchange", route);
// The link to the view on screen takes it back to its start.
for (const name of Object.keys(VIEWS)) {
  byId(`to-${name}`).addEventListener("click", (event) => event.currentTarget.hash === location.hash && route());
}
// Only now: a file that is chosen while the page waits for the answer must not get lost.
try {
  await loggedIn();
} catch {
  // A service that cannot be reached is reported below, and tried again.
}
watchService();
if (!shown) route();
