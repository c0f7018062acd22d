// The page: what to upload, what is being analysed, what was found.

import { ApiError, PHOTOS, VIDEOS, request, upload } from "./api.js";
import { about, byId, make, show, size } from "./dom.js";
import { showPhoto, showTimeline } from "./result.js";

const POLL_MS = 600;
const SLOW_POLL_MS = 5000;
const MAX_RECENT = 30;
const PHOTO = /\.(jpe?g|png|webp)$/i;
const STATUS = { queued: "Waiting", processing: "Being analysed", done: "Done", failed: "Failed" };

let limits = null;
// What the card shows: { id } of a video, or { uploading } while there is no id yet.
let current = {};
let poll = 0;
let shownStatus = "";
let pace = null;

function complain(error) {
  byId("message-title").textContent = `${error.title ?? "Something went wrong"}.`;
  byId("message-text").textContent = error.message;
  show(byId("message"), true);
}

function hush() {
  show(byId("message"), false);
}

function openCard(title, status) {
  byId("current-title").textContent = title;
  byId("current-status").textContent = status;
  byId("current-status").dataset.status = status;
  for (const part of ["busy", "failed", "result"]) show(byId(part), false);
  show(byId("current"), true);
}

function closeCard() {
  clearTimeout(poll);
  current = {};
  byId("result").replaceChildren();
  show(byId("current"), false);
}

function showBusy(text, done, total) {
  const bar = byId("progress");
  if (total) {
    bar.max = total;
    bar.value = Math.min(done, total);
  } else {
    bar.removeAttribute("value");
  }
  byId("busy-text").textContent = text;
  show(byId("busy"), true);
}

async function send(file) {
  hush();
  const isPhoto = file.type.startsWith("image/") || PHOTO.test(file.name);
  const limit = limits?.[isPhoto ? "max_photo_mb" : "max_upload_mb"];
  if (limit && file.size > limit * 1024 * 1024) {
    complain(new ApiError(413, "Too large", `${file.name} has ${size(file.size)}, at most ${limit} MB are taken.`));
    return;
  }
  closeCard();
  openCard(file.name, "Uploading");
  showBusy("Uploading…", 0, 1);
  const sending = upload(isPhoto ? PHOTOS : VIDEOS, file, (loaded, total) => {
    showBusy(loaded < total ? `${size(loaded)} of ${size(total)} uploaded` : "Looking at it…", loaded, total);
  });
  const mine = { uploading: sending };
  current = mine;
  try {
    const answer = await sending.answer;
    if (current !== mine) return;
    if (isPhoto) finishPhoto(answer, file);
    else openVideo(answer.id);
  } catch (error) {
    if (current === mine) closeCard();
    if (error.title !== "Cancelled") complain(error);
  }
  await listVideos();
}

function finishPhoto(photo, file) {
  current = {};
  openCard(photo.source, "Done");
  showPhoto(photo, file);
  show(byId("result"), true);
  byId("current-title").focus({ preventScroll: true });
}

function openVideo(id) {
  if (location.hash.slice(1) === id) follow(id);
  else location.hash = id;
}

function follow(id) {
  clearTimeout(poll);
  if (current.id !== id) byId("result").replaceChildren();
  current = { id };
  pace = null;
  shownStatus = "";
  step(id).then(() => byId("current").scrollIntoView({ block: "nearest" }));
}

async function step(id) {
  let job;
  try {
    job = await request(`${VIDEOS}/${id}`);
  } catch (error) {
    if (current.id !== id) return;
    if (error.status === 404) {
      closeCard();
      location.hash = "";
    } else {
      poll = setTimeout(() => step(id), SLOW_POLL_MS);
    }
    complain(error);
    return;
  }
  if (current.id !== id) return;
  openCard(job.source, STATUS[job.status]);
  if (job.status !== shownStatus) {
    shownStatus = job.status;
    await listVideos();
    if (current.id !== id) return;
  }
  if (job.status === "done") {
    await finishVideo(job);
  } else if (job.status === "failed") {
    byId("failed-text").textContent = job.problem.detail;
    show(byId("failed"), true);
  } else {
    showBusy(busyText(job), job.frames_done, job.frames_total);
    poll = setTimeout(() => step(id), POLL_MS);
  }
}

function busyText(job) {
  if (job.status === "queued") return "Waiting for its turn…";
  if (!job.frames_done) return "Getting ready…";
  const now = performance.now();
  pace ??= { start: now, from: job.frames_done };
  const rate = (job.frames_done - pace.from) / ((now - pace.start) / 1000);
  const known = job.frames_total && rate > 0 && now - pace.start > 1500;
  const left = known ? `, ${about((job.frames_total - job.frames_done) / rate)}` : "";
  const frames = job.frames_total ? `${job.frames_done} of ${job.frames_total}` : job.frames_done;
  return `${frames} frames${left}`;
}

async function finishVideo(job) {
  try {
    const timeline = await request(job.links.timeline, { headers: { Accept: "application/json" } });
    if (current.id !== job.id) return;
    showTimeline(job, timeline);
    show(byId("result"), true);
    byId("current-title").focus({ preventScroll: true });
  } catch (error) {
    complain(error);
  }
}

async function remove(id, name) {
  if (name && !confirm(`Delete ${name} and its analysis?`)) return;
  hush();
  try {
    await request(`${VIDEOS}/${id}`, { method: "DELETE" });
    if (current.id === id) {
      closeCard();
      history.replaceState(null, "", location.pathname);
    }
  } catch (error) {
    complain(error);
  }
  await listVideos();
}

async function listVideos() {
  let videos;
  try {
    ({ videos } = await request(VIDEOS));
  } catch {
    return; // whatever is wrong is said where the user asked for something
  }
  show(byId("recent-empty"), !videos.length);
  byId("recent-list").replaceChildren(...videos.slice(0, MAX_RECENT).map(recentItem));
}

function recentItem(job) {
  const link = make("a", { href: `#${job.id}`, text: job.source });
  if (job.id === current.id) link.setAttribute("aria-current", "true");
  const when = new Date(job.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return make(
    "li",
    {},
    make("div", {}, link, make("span", { className: "facts", text: when })),
    make("span", { className: "status", text: STATUS[job.status], "data-status": STATUS[job.status] }),
    make("button", {
      type: "button",
      className: "icon-button",
      text: "✕",
      "aria-label": `Delete ${job.source}`,
      title: "Delete",
      onclick: () => remove(job.id, job.source),
    }),
  );
}

async function tryDemo() {
  hush();
  byId("demo").disabled = true;
  try {
    const job = await request(`${VIDEOS}/demo`, { method: "POST" });
    openVideo(job.id);
    await listVideos();
  } catch (error) {
    complain(error);
  } finally {
    byId("demo").disabled = false;
  }
}

async function watchService() {
  try {
    await request("/health/ready");
    byId("service").textContent = "";
    ({ limits } = await request("/api/v1/model"));
    const { max_upload_mb: video, max_photo_mb: photo } = limits;
    byId("limits").textContent = `Videos up to ${video} MB, photos up to ${photo} MB. Nothing leaves this service, and you can delete a video at any time.`;
  } catch (error) {
    byId("service").textContent = error.status === 503 ? `Not ready: ${error.message}` : error.message;
    setTimeout(watchService, SLOW_POLL_MS);
  }
}

function cancel() {
  if (current.uploading) {
    current.uploading.abort();
    closeCard();
  } else if (current.id) {
    remove(current.id);
  }
}

function route() {
  const id = location.hash.slice(1);
  if (/^[0-9a-f]{32}$/.test(id)) follow(id);
  else if (current.id) closeCard();
}

function acceptDrops() {
  const drop = byId("drop");
  let depth = 0; // dragenter and dragleave come for every child as well
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("dragenter", () => drop.classList.toggle("over", ++depth > 0));
  document.addEventListener("dragleave", () => drop.classList.toggle("over", --depth > 0));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) send(file);
  });
}

byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // so that the same file can be chosen again
  if (file) send(file);
});
byId("demo").addEventListener("click", tryDemo);
byId("cancel").addEventListener("click", cancel);
byId("failed-delete").addEventListener("click", () => remove(current.id));
byId("message-close").addEventListener("click", hush);
window.addEventListener("hashchange", route);
acceptDrops();
watchService();
listVideos();
route();
