// Maps keys to commands, and lists them for the help dialog.

const COMMANDS = {
  ArrowRight: "forward",
  " ": "forward",
  ArrowLeft: "back",
  ".": "oneForward",
  ",": "oneBack",
  Home: "first",
  End: "resumeLabelling",
  Enter: "accept",
  Backspace: "undo",
  PageDown: "nextRecording",
  PageUp: "previousRecording",
  "?": "help",
  Escape: "escape",
};
const SHIFTED = { ArrowRight: "oneForward", ArrowLeft: "oneBack", Enter: "leastSure" };
// These repeat while the key is held down; a label is given once per press.
const REPEATED = new Set(["forward", "back", "oneForward", "oneBack"]);
const OF_CONTROLS = new Set(["Enter", " "]);
const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Tab", "Dead", "NumLock", "ScrollLock", "ContextMenu"]);

// A key press as { command }, { label, whole } or { unknown }; null if it is not for this page.
export function commandFor(event, keys) {
  if (event.isComposing || event.defaultPrevented || isForControl(event)) return null;
  if (event.ctrlKey || event.metaKey) return withControl(event);
  if (event.altKey || MODIFIERS.has(event.key) || /^F\d+$/.test(event.key)) return null;
  const command = (event.shiftKey && SHIFTED[event.key]) || COMMANDS[event.key];
  if (command) return event.repeat && !REPEATED.has(command) && command !== "undo" ? null : { command };
  const key = labelKey(event, keys);
  if (event.repeat) return null;
  return key === null ? { unknown: event.key } : { label: keys[key], whole: event.shiftKey && !/\d/.test(key) };
}

// Whether the focused control needs the key itself.
function isForControl(event) {
  if (event.target.closest?.("select")) return true;
  return OF_CONTROLS.has(event.key) && Boolean(event.target.closest?.("button, a, summary"));
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "z") return { command: event.shiftKey ? "redo" : "undo" };
  return key === "y" ? { command: "redo" } : null;
}

// Case does not matter. On a keyboard with another alphabet, the position of the key decides.
function labelKey(event, keys) {
  const typed = event.key.toLowerCase();
  if (typed in keys) return typed;
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase();
  const foreign = typed.length === 1 && typed.charCodeAt(0) > 127;
  return foreign && letter in keys ? letter : null;
}

export const MOVING = {
  video: [
    ["→ or Space", "next shown frame, without labelling"],
    ["←", "previous shown frame; press a key to relabel it"],
    ["Shift → / Shift ←", "one frame forward or back"],
    ["Home / End", "first frame / where labelling resumes"],
    ["Shift Enter", "where the model is least sure"],
    ["Page ↓ / Page ↑", "next / previous recording"],
  ],
  photo: [
    ["→ or Space", "next photo; this one stays unlabelled"],
    ["←", "previous photo; press a key to relabel it"],
    ["End", "next photo without a label"],
    ["Page ↓ / Page ↑", "next / previous photo in the list"],
  ],
};

export const CORRECTING = {
  video: [
    ["Enter", "accept the model's proposal"],
    ["Backspace or Ctrl Z", "undo, even after a restart"],
    ["Ctrl Y", "redo"],
    ["Shift + label key", "change the whole range"],
    ["Tab, then ← →", "move a boundary on the timeline"],
    ["Mouse", "click the timeline to go there, or drag a boundary"],
  ],
  photo: [
    ["Enter", "accept the model's proposal"],
    ["Backspace or Ctrl Z", "undo, even after a restart"],
    ["Ctrl Y", "redo"],
  ],
};
