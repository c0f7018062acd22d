// Starts the labelling page and connects keys, buttons and the address to their functions.

import { Problem, request } from "./api.js";
import { moveBoundary, outbox, run } from "./commands.js";
import { byId } from "./dom.js";
import { showAlert, prepare } from "./draw.js";
import { commandFor } from "./keyboard.js";
import { drawHelp } from "./panel.js";
import { finish, go, open, poll, refreshList, retry } from "./recordings.js";
import { peek } from "./stage.js";
import { isVideo, state } from "./state.js";

const BUTTONS = { undo: "undo", redo: "redo", "help-open": "help", "card-next": "accept", "card-back": "back" };

start();

async function start() {
  state.setup = await retry(() => request("/api/setup"));
  document.title = isVideo() ? "Label videos" : "Label photos";
  prepare({ run, seek: go, peek, move: moveBoundary });
  drawHelp(state.setup);
  bind();
  await retry(refreshList);
  await followAddress();
  poll();
}

function bind() {
  document.addEventListener("keydown", (event) => {
    const help = byId("help");
    if (help.open) {
      if (event.key === "?") help.close();
      return;
    }
    const command = commandFor(event, state.setup.keys);
    if (!command) return;
    event.preventDefault();
    run(command);
  });
  // A button clicked with the mouse must not keep the focus, or it would react to Enter and Space.
  document.addEventListener("click", (event) => {
    if (event.detail > 0) event.target.closest?.("button")?.blur();
  });
  for (const [id, command] of Object.entries(BUTTONS)) byId(id).addEventListener("click", () => run({ command }));
  byId("range-label").addEventListener("change", (event) => {
    event.target.blur();
    run({ label: event.target.value, whole: true });
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("keys").focus();
  });
  window.addEventListener("hashchange", followAddress);
  window.addEventListener("beforeunload", (event) => {
    if (!outbox.empty) event.preventDefault();
  });
}

// Opens the recording in the address, or the first one in the queue.
async function followAddress() {
  const target = addressTarget();
  if (target) {
    try {
      await open(target.filename, target.frame);
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      showAlert(error.message);
    }
  }
  if (state.recording) return;
  const { queue, recordings } = state.listing;
  const earlierAlert = byId("alert").textContent;
  const first = queue[0] ?? recordings.find((one) => one.status === "done")?.filename;
  if (!first) {
    showAlert("None of the recordings can be labelled. The list shows why.");
    return;
  }
  await open(first);
  if (earlierAlert) showAlert(earlierAlert);
  if (!queue.length) await finish();
}

// The recording and frame after the # in the address: #video_routine.mp4@123
function addressTarget() {
  const text = location.hash.slice(1);
  if (!text) return null;
  const [, name, frame] = /^(.*?)(?:@(\d+))?$/.exec(text);
  let filename = name;
  try {
    filename = decodeURIComponent(name);
  } catch {
    // The name is not percent-encoded, so it is used unchanged.
  }
  return { filename, frame: frame === undefined ? null : Number(frame) };
}
