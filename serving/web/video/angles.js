// A chart of joint angles over time, drawn by uPlot. A click seeks.

import { request } from "../shared/api.js";
import { make, show } from "../shared/dom.js";
import { tone } from "../shared/tones.js";
import { clock } from "../shared/words.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";

const HEIGHT_PX = 260;
const RIGHT_ANGLE = 90;
const TICKS_DEG = [0, 45, 90, 135, 180];
const COLOURS = 6; // --line-0 to --line-5 of styles/tones.css
const DEFAULT_JOINTS = ["left hip", "right hip"];
const CHOICE_KEY = "straps.joints";
const HOLD_OPACITY = 0.28;
const DARK = matchMedia("(prefers-color-scheme: dark)");

export class Angles {
  #player;
  #holds;
  #model;
  #duration_s;
  #chart = null;
  #times = [];
  #joints = [];
  #values = new Map();
  #chips = make("div", { className: "joints", role: "group", "aria-label": "Joints shown" });
  #box = make("div", { className: "chart", role: "img" });
  #playhead = make("div", { className: "chart-playhead" });
  #resized = new ResizeObserver(() => this.#chart?.setSize({ width: this.#box.clientWidth, height: HEIGHT_PX }));
  #recoloured = () => this.#chart?.redraw(false);

  constructor(holds, model, duration_s, player) {
    this.#player = player;
    this.#holds = holds;
    this.#model = model;
    this.#duration_s = duration_s;
    this.element = make(
      "section",
      { className: "angles", hidden: "" },
      make("h3", { text: "Joint angles" }),
      this.#chips,
      this.#box,
      make("p", { className: "fine", text: "Degrees over time; 180° is a straight joint. Coloured bands are holds. Click to jump there." }),
    );
  }

  // Analyses by older versions have none.
  async load(job) {
    if (!job.links.angles) return;
    let found;
    try {
      found = await request(job.links.angles);
    } catch {
      return; // the rest of the analysis works without the chart
    }
    if (!this.element.isConnected || !found.pts_s.length) return;
    this.#times = found.pts_s;
    const chosen = storedChoice(Object.keys(found.angles));
    this.#joints = Object.entries(found.angles).map(([name, degrees]) => ({ name, degrees, shown: chosen.has(name) }));
    this.#chips.replaceChildren(...this.#joints.map((joint, index) => this.#chip(joint, index)));
    show(this.element, true);
    this.#draw();
    this.#player.follow((time_s) => this.#follow(time_s));
  }

  close() {
    this.#resized.disconnect();
    DARK.removeEventListener("change", this.#recoloured);
    this.#chart?.destroy();
    this.#chart = null;
  }

  #draw() {
    const series = this.#joints.map((joint, index) => ({
      label: joint.name,
      show: joint.shown,
      stroke: () => colour(this.#box, `--line-${lineColour(this.#joints, index)}`),
      width: 2,
      dash: joint.name.startsWith("right") ? [6, 4] : undefined,
      points: { show: false },
    }));
    const soft = () => colour(this.#box, "--soft");
    const grid = { stroke: () => colour(this.#box, "--line"), width: 1 };
    const axis = { stroke: soft, grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const options = {
      width: this.#box.clientWidth,
      height: HEIGHT_PX,
      series: [{}, ...series],
      scales: { x: { time: false, range: [0, this.#duration_s] }, y: { range: [0, 2 * RIGHT_ANGLE] } },
      axes: [
        { ...axis, values: (_, times) => times.map((time_s) => clock(time_s)), space: 90 },
        { ...axis, splits: () => TICKS_DEG, values: (_, values) => values.map((value) => `${value}°`), size: 48 },
      ],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
      padding: [10, 12, 0, 0],
      hooks: { drawClear: [(chart) => this.#drawHolds(chart)], setSize: [() => this.#follow(this.#player.time)] },
    };
    this.#chart = new uPlot(options, [this.#times, ...this.#joints.map((joint) => joint.degrees)], this.#box);
    this.#chart.over.append(this.#playhead);
    this.#seekByPointer(this.#chart.over);
    this.#resized.observe(this.#box);
    DARK.addEventListener("change", this.#recoloured);
    this.#describe();
  }

  #drawHolds(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.globalAlpha = HOLD_OPACITY;
    for (const hold of this.#holds) {
      const left = chart.valToPos(hold.start_s, "x", true);
      const right = chart.valToPos(hold.end_s, "x", true);
      ctx.fillStyle = this.#holdColour(hold.label);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  }

  #holdColour(label) {
    const probe = make("span", { className: tone(label, this.#model) });
    this.#box.append(probe);
    const found = colour(probe, "--tone");
    probe.remove();
    return found;
  }

  #seekByPointer(over) {
    const seekTo = (event) => {
      const box = over.getBoundingClientRect();
      const time_s = this.#chart.posToVal(event.clientX - box.left, "x");
      this.#player.seek(Math.min(Math.max(time_s, 0), this.#duration_s));
    };
    over.addEventListener("pointerdown", (event) => {
      over.setPointerCapture(event.pointerId);
      seekTo(event);
    });
    over.addEventListener("pointermove", (event) => {
      if (over.hasPointerCapture(event.pointerId)) seekTo(event);
    });
  }

  #follow(time_s) {
    if (!this.#chart) return;
    this.#playhead.style.transform = `translateX(${this.#chart.valToPos(time_s, "x")}px)`;
    const index = nearest(this.#times, time_s);
    for (const joint of this.#joints) {
      const degrees = joint.degrees[index];
      this.#values.get(joint.name).textContent = joint.shown && degrees !== null ? `${Math.round(degrees)}°` : "";
    }
  }

  #chip(joint, index) {
    const value = make("span", { className: "joint-value" });
    this.#values.set(joint.name, value);
    const side = joint.name.startsWith("right") ? " dashed" : "";
    const chip = make(
      "button",
      { type: "button", className: "joint", "aria-pressed": String(joint.shown) },
      make("span", { className: `stroke line-${lineColour(this.#joints, index)}${side}` }),
      make("span", { text: joint.name }),
      value,
    );
    chip.addEventListener("click", () => {
      joint.shown = !joint.shown;
      chip.setAttribute("aria-pressed", String(joint.shown));
      this.#chart.setSeries(index + 1, { show: joint.shown });
      storeChoice(this.#joints.filter(({ shown }) => shown).map(({ name }) => name));
      this.#follow(this.#player.time);
      this.#describe();
    });
    return chip;
  }

  #describe() {
    const shown = this.#joints.filter((joint) => joint.shown).map((joint) => joint.name);
    this.#box.setAttribute("aria-label", `Chart of joint angles: ${shown.join(", ") || "none chosen"}`);
  }
}

// Left and right of a joint share a colour; the right one is dashed.
function lineColour(joints, index) {
  const kinds = [...new Set(joints.map(({ name }) => kind(name)))];
  return kinds.indexOf(kind(joints[index].name)) % COLOURS;
}

const kind = (name) => name.replace(/^(left|right) /, "");

const colour = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

function nearest(times, time_s) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time_s) low = middle;
    else high = middle - 1;
  }
  return low;
}

function storedChoice(names) {
  let stored = null;
  try {
    stored = JSON.parse(localStorage.getItem(CHOICE_KEY));
  } catch {
    // storage may be blocked; every visit then starts with the default joints
  }
  const known = (stored ?? DEFAULT_JOINTS).filter((name) => names.includes(name));
  return new Set(known.length ? known : names.slice(0, 2));
}

function storeChoice(names) {
  try {
    localStorage.setItem(CHOICE_KEY, JSON.stringify(names));
  } catch {
    // see above
  }
}
