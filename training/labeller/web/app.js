// The labelling page: starts it, and binds keys, buttons and the address to what they do.

import { Problem, request } from "./api.js";
import { moveBorder, outbox, run } from "./commands.js";
import { byId } from "./dom.js";
import { alarm, prepare } from "./draw.js";
import { meaning } from "./keyboard.js";
import { fillHelp } from "./panel.js";
import { finish, go, open, poll, refreshList, untilThere } from "./recordings.js";
import { peek } from "./stage.js";
import { isVideo, state } from "./state.js";

const BUTTONS = { undo: "undo", redo: "redo", "help-open": "help", "card-next": "accept", "card-back": "back" };

start();

async function start() {
  state.setup = await untilThere(() => request("/api/setup"));
  document.title = isVideo() ? "Label videos" : "Label photos";
  prepare({ run, seek: go, peek, move: moveBorder });
  fillHelp(state.setup);
  bind();
  await untilThere(refreshList);
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
    const meant = meaning(event, state.setup.keys);
    if (!meant) return;
    event.preventDefault();
    run(meant);
  });
  // A button pressed with the mouse must not catch Enter and Space from then on.
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

// Opens what the address names, else what is first in the queue.
async function followAddress() {
  const asked = addressed();
  if (asked) {
    try {
      await open(asked.filename, asked.frame);
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      alarm(error.message);
    }
  }
  if (state.recording) return;
  const { queue, recordings } = state.listing;
  const said = byId("alarm").textContent;
  const first = queue[0] ?? recordings.find((one) => one.status === "done")?.filename;
  if (!first) {
    alarm("None of the recordings can be labelled. The list says why.");
    return;
  }
  await open(first);
  if (said) alarm(said);
  if (!queue.length) await finish();
}

// The recording and frame behind the # of the address: #video_routine.mp4@123
function addressed() {
  const text = location.hash.slice(1);
  if (!text) return null;
  const [, name, frame] = /^(.*?)(?:@(\d+))?$/.exec(text);
  let filename = name;
  try {
    filename = decodeURIComponent(name);
  } catch {
    // Not percent-encoded: taken as it stands.
  }
  return { filename, frame: frame === undefined ? null : Number(frame) };
}
