// Which key does what.

const COMMANDS = {
  ArrowRight: "forward",
  " ": "forward",
  ArrowLeft: "back",
  ".": "oneForward",
  ",": "oneBack",
  Home: "first",
  End: "goOn",
  Enter: "accept",
  Backspace: "undo",
  PageDown: "nextRecording",
  PageUp: "previousRecording",
  "?": "help",
  Escape: "escape",
};
const SHIFTED = { ArrowRight: "oneForward", ArrowLeft: "oneBack", Enter: "leastSure" };
// Held down, these go on; a label is given once for each press.
const REPEATED = new Set(["forward", "back", "oneForward", "oneBack"]);
const OF_CONTROLS = new Set(["Enter", " "]);
const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Tab", "Dead", "NumLock", "ScrollLock", "ContextMenu"]);

// { command }, { label, whole } or { unknown } of a key press; null when it is none of ours.
export function meaning(event, keys) {
  if (event.isComposing || event.defaultPrevented || isForControl(event)) return null;
  if (event.ctrlKey || event.metaKey) return withControl(event);
  if (event.altKey || MODIFIERS.has(event.key) || /^F\d+$/.test(event.key)) return null;
  const command = (event.shiftKey && SHIFTED[event.key]) || COMMANDS[event.key];
  if (command) return event.repeat && !REPEATED.has(command) && command !== "undo" ? null : { command };
  const key = labelKey(event, keys);
  if (event.repeat) return null;
  return key === null ? { unknown: event.key } : { label: keys[key], whole: event.shiftKey && !/\d/.test(key) };
}

// Whether the control that has the focus needs the key itself.
function isForControl(event) {
  if (event.target.closest?.("select")) return true;
  return OF_CONTROLS.has(event.key) && Boolean(event.target.closest?.("button, a, summary"));
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "z") return { command: event.shiftKey ? "redo" : "undo" };
  return key === "y" ? { command: "redo" } : null;
}

// Capitals count as small letters; on a keyboard of other letters, the place of the key counts.
function labelKey(event, keys) {
  const typed = event.key.toLowerCase();
  if (typed in keys) return typed;
  const place = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase();
  const foreign = typed.length === 1 && typed.charCodeAt(0) > 127;
  return foreign && place in keys ? place : null;
}

export const MOVING = {
  video: [
    ["→ or Space", "next shown frame, nothing is labelled"],
    ["←", "shown frame before; press a key to relabel it"],
    ["Shift → / Shift ←", "one single frame on or back"],
    ["Home / End", "first frame / where labelling goes on"],
    ["Shift Enter", "where the model is least sure"],
    ["Page ↓ / Page ↑", "next / previous recording"],
  ],
  photo: [
    ["→ or Space", "next photo; this one stays unlabelled"],
    ["←", "photo before; press a key to relabel it"],
    ["End", "next photo that has no label"],
    ["Page ↓ / Page ↑", "next / previous photo of the list"],
  ],
};

export const CORRECTING = {
  video: [
    ["Enter", "accept what the model proposes"],
    ["Backspace or Ctrl Z", "undo, also after a restart"],
    ["Ctrl Y", "redo"],
    ["Shift + label key", "change the whole range"],
    ["Tab, then ← →", "move a border of the timeline"],
    ["Mouse", "click the timeline to go there, drag a border"],
  ],
  photo: [
    ["Enter", "accept what the model proposes"],
    ["Backspace or Ctrl Z", "undo, also after a restart"],
    ["Ctrl Y", "redo"],
  ],
};
