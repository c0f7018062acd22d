// The live view: a camera, the pose in each of its frames, and a log of holds.

import { LIVE } from "../shared/api.js";
import { makeBars } from "../shared/bars.js";
import { byId, make, show } from "../shared/dom.js";
import { drawSkeleton } from "../shared/skeleton.js";
import { Camera, cameras } from "./camera.js";
import { Connection } from "./connection.js";
import { Figures } from "./figures.js";
import { FrameSender } from "./frames.js";
import { HoldClock } from "./hold_clock.js";
import { HoldLog } from "./hold_log.js";
import { Hud } from "./hud.js";
import { showConnection, showOpening, showProblem, showWelcome } from "./notice.js";
import { keepAwake, leaveFullScreen, offerFullScreen } from "./screen.js";

const MIRROR_KEY = "straps.mirror";

const video = byId("camera");
const skeleton = byId("camera-skeleton");
const hud = new Hud();
const log = new HoldLog();
const figures = new Figures();
const camera = new Camera(video, cameraLost);
const connection = new Connection(liveAddress(), { onState, onReady, onPose });
const sender = new FrameSender(video, connection);

let running = false;
let attempt = 0; // counts starts and stops: an overtaken start gives up
let ready = null; // the service's first message: model, connections, limits
let clock = null;
let bars = null;

export function start() {
  byId("live-start").addEventListener("click", () => open(() => camera.open()));
  byId("live-demo").addEventListener("click", () => open(() => camera.openDemo(), true));
  byId("live-retry").addEventListener("click", () => connection.open());
  byId("live-stop").addEventListener("click", stop);
  byId("camera-choice").addEventListener("change", (event) => open(() => camera.open(event.target.value)));
  byId("mirror").addEventListener("change", (event) => setMirror(event.target.checked, true));
  offerFullScreen(byId("live-full"), byId("stage"));
  video.addEventListener("resize", fitViewfinder);
  video.addEventListener("loadedmetadata", fitViewfinder);
  document.addEventListener("visibilitychange", () => running && pauseOrContinue());
  navigator.mediaDevices?.addEventListener?.("devicechange", () => running && listCameras());
  setMirror(storedMirror() ?? true);
  showWelcome();
}

export function enter() {}

// The camera never runs out of sight.
export function leave() {
  stop();
}

async function open(source, isDemo = false) {
  stop();
  attempt += 1;
  const mine = attempt;
  showOpening();
  let facts;
  try {
    facts = await source();
  } catch (problem) {
    if (mine === attempt) {
      camera.close();
      showProblem(problem);
    }
    return;
  }
  if (mine !== attempt) {
    camera.close();
    return;
  }
  running = true;
  video.classList.add("on");
  // A rear camera is no mirror, and neither is a film.
  const looksAway = isDemo || facts?.facingMode === "environment";
  setMirror(looksAway ? false : (storedMirror() ?? true));
  show(byId("live-stop"), true);
  show(byId("live-figures"), true);
  if (isDemo) show(byId("camera-picker"), false);
  else await listCameras(facts?.deviceId);
  if (mine !== attempt) return;
  keepAwake(true);
  connection.open();
  sender.start();
  requestAnimationFrame(tick);
}

function stop() {
  attempt += 1;
  running = false;
  sender.stop();
  endHold();
  connection.close();
  camera.close();
  keepAwake(false);
  leaveFullScreen();
  video.classList.remove("on");
  clearResults();
  hud.clear();
  for (const part of ["live-stop", "camera-picker", "live-link"]) show(byId(part), false);
  showWelcome();
}

// Removes results that are out of date.
function clearResults() {
  drawSkeleton(skeleton, null);
  bars?.update(null);
  hud.blank();
  figures.reset();
}

function cameraLost() {
  stop();
  showProblem({ title: "The camera was disconnected", message: "It was unplugged or switched off. Reconnect it, then start it again." });
}

function pauseOrContinue() {
  if (document.hidden) return; // FrameSender captures nothing then
  keepAwake(true);
  connection.wake();
  if (video.paused) video.play().catch(() => {});
}

function onState(state, refusal) {
  if (state !== "ready") {
    endHold();
    drawSkeleton(skeleton, null);
  }
  if (!running) return;
  showConnection(state, refusal);
  const link = byId("live-link");
  link.textContent = { connecting: "Connecting…", busy: "Busy", lost: "Reconnecting…", idle: "Paused" }[state] ?? "";
  show(link, link.textContent !== "");
  if (state === "lost" || state === "busy") clearResults();
}

function onReady(message) {
  endHold();
  ready = message;
  clock = new HoldClock(message.limits.max_gap_s);
  bars = makeBars(message.model.labels, message.model);
  byId("live-bars").replaceChildren(bars.element);
}

function onPose(pose) {
  if (!running) return;
  const { model, connections } = ready;
  if (pose.ended_hold) addHold(pose.ended_hold);
  clock.hear(pose);
  hud.draw(pose.label, model);
  hud.tick(clock.at(performance.now())); // hides a hold that has ended at once
  bars.update(pose.probabilities, pose.label);
  drawSkeleton(skeleton, pose.landmarks, connections);
  figures.hear(pose, performance.now());
}

function tick(now_ms) {
  if (!running) return;
  hud.tick(clock?.at(now_ms) ?? null);
  requestAnimationFrame(tick);
}

// A hold that is cut off by the end of the session counts up to the last response.
function endHold() {
  const hold = clock?.stop();
  if (hold && hold.duration_s >= ready.limits.min_hold_s) addHold(hold);
}

function addHold(hold) {
  hud.ended(hold, log.add(hold, ready.model));
}

async function listCameras(chosenId = byId("camera-choice").value) {
  const found = await cameras();
  byId("camera-choice").replaceChildren(...found.map(({ id, name }) => make("option", { value: id, text: name })));
  byId("camera-choice").value = chosenId ?? "";
  show(byId("camera-picker"), running && found.length > 0);
}

function fitViewfinder() {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width) return;
  skeleton.width = width;
  skeleton.height = height;
  byId("viewfinder").style.aspectRatio = `${width} / ${height}`;
}

// Mirrors the display only; frames are sent as the camera captures them.
function setMirror(mirrored, remember = false) {
  byId("mirror").checked = mirrored;
  byId("viewfinder").classList.toggle("mirrored", mirrored);
  if (!remember) return;
  try {
    localStorage.setItem(MIRROR_KEY, String(mirrored));
  } catch {
    // storage may be blocked; the choice then lasts until the page is closed
  }
}

function storedMirror() {
  try {
    const stored = localStorage.getItem(MIRROR_KEY);
    return stored === null ? null : stored === "true";
  } catch {
    return null;
  }
}

function liveAddress() {
  const address = new URL(LIVE, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return address.href;
}
