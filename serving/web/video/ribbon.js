// The timeline of poses below the player: a click or an arrow key seeks.

import { make } from "../shared/dom.js";
import { tone } from "../shared/tones.js";
import { clock, seconds } from "../shared/words.js";
import { segmentAt } from "./segments.js";

const STEP_S = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
const MARKS = [0, 0.25, 0.5, 0.75, 1];

export function makeRibbon(segments, model, duration_s, player) {
  const bar = make("div", {
    className: "ribbon",
    role: "slider",
    tabindex: "0",
    "aria-label": "Timeline of poses. Arrow keys seek, space plays and pauses.",
    "aria-valuemin": "0",
    "aria-valuemax": duration_s.toFixed(1),
  });
  bar.append(...segments.map((segment) => part(segment, model, duration_s)));
  const playhead = make("div", { className: "playhead" });
  bar.append(playhead);
  new ResizeObserver(() => showLabelsThatFit(bar)).observe(bar);
  seekWith(bar, duration_s, player);
  player.follow((time_s) => {
    playhead.style.left = `${Math.min(100, (time_s / duration_s) * 100)}%`;
    bar.setAttribute("aria-valuenow", time_s.toFixed(1));
    const label = segmentAt(segments, time_s)?.label;
    bar.setAttribute("aria-valuetext", label ? `${clock(time_s)}, ${label}` : clock(time_s));
  });
  const marks = make("div", { className: "marks", "aria-hidden": "true" });
  marks.append(...MARKS.map((share) => make("span", { text: clock(share * duration_s) })));
  return make("div", { className: "ribbon-box" }, bar, marks);
}

function part(segment, model, duration_s) {
  const span = `${clock(segment.start_s)} to ${clock(segment.end_s)} (${seconds(segment.duration_s)})`;
  const element = make("div", {
    className: `segment ${tone(segment.label, model)}${segment.hold ? " hold" : ""}`,
    title: `${segment.label}, ${span}`,
  });
  element.style.left = `${(segment.start_s / duration_s) * 100}%`;
  element.style.width = `${(segment.duration_s / duration_s) * 100}%`;
  // Names do not break at hyphens.
  if (segment.hold) element.append(make("span", { text: segment.label.replaceAll("-", "\u2011") }));
  return element;
}

function seekWith(bar, duration_s, player) {
  const seek = (time_s) => player.seek(Math.min(Math.max(time_s, 0), duration_s));
  const seekTo = (event) => {
    const box = bar.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * duration_s);
  };
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    seekTo(event);
  });
  bar.addEventListener("pointermove", (event) => {
    if (bar.hasPointerCapture(event.pointerId)) seekTo(event);
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key in STEP_S) seek(player.time + STEP_S[event.key]);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(duration_s);
    else if (event.key === " ") player.toggle();
    else return;
    event.preventDefault();
  });
}

// Hides labels that do not fit: the colour says more than half a word.
function showLabelsThatFit(bar) {
  for (const label of bar.querySelectorAll(".segment span")) {
    const wide = label.scrollWidth <= label.clientWidth && label.clientWidth <= label.parentElement.clientWidth;
    const high = label.scrollHeight <= label.clientHeight + 2;
    label.style.visibility = wide && high ? "visible" : "hidden";
  }
}
