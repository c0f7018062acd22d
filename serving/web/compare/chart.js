// Where the performer is early or late, and how far the poses differ, over the reference. Drawn by uPlot.

import { make } from "../shared/dom.js";
import { clock } from "../shared/words.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { degrees, late } from "./words.js";

const HEIGHT_PX = 240;
const LEAST_RANGE_S = 0.5;
const LEAST_RANGE_DEG = 30;
const DARK = matchMedia("(prefers-color-scheme: dark)");

export class Chart {
  #players;
  #result;
  #chart = null;
  #box = make("div", { className: "chart", role: "img", "aria-label": "Chart of how late the target is, in seconds, and of the difference in pose, in degrees" });
  #playhead = make("div", { className: "chart-playhead" });
  #now = make("p", { className: "chart-now" });
  #resized = new ResizeObserver(() => this.#chart?.setSize({ width: this.#box.clientWidth, height: HEIGHT_PX }));
  #recoloured = () => this.#chart?.redraw(false);

  constructor(result, players) {
    this.#result = result;
    this.#players = players;
    this.element = make(
      "section",
      { className: "lateness" },
      make("h3", { text: "Early or late" }),
      this.#now,
      this.#box,
      make("p", { className: "fine" },
        make("span", { className: "stroke line-1" }), " seconds late (below 0: early), from the first key moment on. ",
        make("span", { className: "stroke line-0 dashed" }), " difference of the joint angles. Click to jump there."),
    );
  }

  // When the element is on the page.
  draw() {
    const { curve, reference_duration_s: duration_s } = this.#result;
    const most = (values, least) => Math.max(least, ...values.filter((value) => value !== null).map(Math.abs)) * 1.1;
    const range_s = most(curve.late_s, LEAST_RANGE_S);
    const soft = () => colour(this.#box, "--soft");
    const grid = { stroke: () => colour(this.#box, "--line"), width: 1 };
    const axis = { stroke: soft, grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const line = (number, scale, dash) => ({ stroke: () => colour(this.#box, `--line-${number}`), width: 2, scale, dash, points: { show: false } });
    const options = {
      width: this.#box.clientWidth,
      height: HEIGHT_PX,
      series: [{}, line(1, "s"), line(0, "deg", [6, 4])],
      scales: {
        x: { time: false, range: [0, duration_s] },
        s: { range: [-range_s, range_s] },
        deg: { range: [0, most(curve.pose_difference_deg, LEAST_RANGE_DEG)] },
      },
      axes: [
        { ...axis, values: (_, times) => times.map((time_s) => clock(time_s)), space: 90 },
        { ...axis, scale: "s", values: (_, values) => values.map((value) => `${value} s`), size: 56 },
        { ...axis, scale: "deg", side: 1, values: (_, values) => values.map((value) => `${value}°`), grid: { show: false }, size: 44 },
      ],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
      padding: [10, 4, 0, 0],
      hooks: { drawClear: [(chart) => this.#drawSplits(chart)], setSize: [() => this.#follow(this.#players.time)] },
    };
    this.#chart = new uPlot(options, [curve.reference_s, curve.late_s, curve.pose_difference_deg], this.#box);
    this.#chart.over.append(this.#playhead);
    this.#seekByPointer(this.#chart.over);
    this.#resized.observe(this.#box);
    DARK.addEventListener("change", this.#recoloured);
    this.#players.follow((time_s) => this.#follow(time_s));
  }

  close() {
    this.#resized.disconnect();
    DARK.removeEventListener("change", this.#recoloured);
    this.#chart?.destroy();
    this.#chart = null;
  }

  #drawSplits(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.lineWidth = 2;
    for (const split of this.#result.splits) {
      const x = chart.valToPos(split.reference_s, "x", true);
      ctx.strokeStyle = colour(this.#box, split.found ? "--accent" : "--other");
      ctx.setLineDash(split.found ? [] : [4, 4]);
      ctx.globalAlpha = 0.55;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  #seekByPointer(over) {
    const { reference_duration_s: duration_s } = this.#result;
    const seekTo = (event) => {
      const time_s = this.#chart.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
      this.#players.seek(Math.min(Math.max(time_s, 0), duration_s));
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
    const { curve } = this.#result;
    const index = nearest(curve.reference_s, time_s);
    this.#now.replaceChildren(
      make("strong", { text: late(curve.late_s[index]) }),
      make("span", { text: `poses differ by ${degrees(curve.pose_difference_deg[index])}` }),
    );
  }
}

function nearest(times, time_s) {
  const after = times.findIndex((one) => one >= time_s);
  if (after < 0) return times.length - 1;
  return after && time_s - times[after - 1] < times[after] - time_s ? after - 1 : after;
}

const colour = (element, name) => getComputedStyle(element).getPropertyValue(name);
