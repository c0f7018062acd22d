// A timeline of labelled ranges: click to seek, drag the boundaries between ranges.

import { clock, make, tone } from "./dom.js";
import { rangeAt } from "./ranges.js";

const STEP = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };

export class Timeline {
  // Callbacks: seek(frame), peek(frame or null), move(boundary, to).
  constructor(box, setup, name, { seek, peek, move }) {
    this.setup = setup;
    this.calls = { seek, peek, move };
    this.bar = make("div", {
      className: "ribbon",
      role: "slider",
      tabindex: "0",
      "aria-label": `${name}. Use the arrow keys to step through the shown frames.`,
    });
    this.parts = make("div", { className: "parts" });
    this.lane = make("div", { className: "lane" });
    this.task = make("div", { className: "stretch" });
    this.playhead = make("div", { className: "playhead" });
    this.handles = make("div", { className: "handles" });
    this.marks = make("div", { className: "marks", "aria-hidden": "true" });
    this.bar.append(this.parts, this.lane, this.task, this.playhead);
    box.replaceChildren(make("div", { className: "ribbon-box" }, this.bar, this.handles), this.marks);
    this.dragged = null;
    this.view = null;
    this.bar.addEventListener("pointerdown", (event) => this.grab(event));
    this.bar.addEventListener("pointermove", (event) => {
      if (this.bar.hasPointerCapture(event.pointerId)) this.calls.seek(this.frameAt(event));
    });
    new ResizeObserver(() => this.fitLabels()).observe(this.bar);
  }

  // from, to: frames on the timeline; ranges, stretches: as in the tool's response; task: frames that
  // a key labels; handles: whether boundaries can be dragged; shown: number of shown frames so far.
  draw(view) {
    this.view = view;
    if (this.dragged) return;
    const { setup } = this;
    this.parts.replaceChildren(
      ...this.inView(view.ranges).map((range) => {
        const part = make("div", { className: `segment ${tone(range.label, setup)}`, title: `${range.label}, frames ${range.first} to ${range.last}` });
        this.position(part, range.first, range.last);
        part.append(make("span", { text: range.label }));
        return part;
      }),
    );
    this.lane.replaceChildren(
      ...this.inView(joined(view.stretches)).map((range) => {
        const part = make("div", { className: `guess ${tone(range.label, setup)}`, title: `Proposed: ${range.label}` });
        this.position(part, range.first, range.last);
        return part;
      }),
    );
    this.drawHandles();
    this.drawMarks();
    this.move(view);
    this.fitLabels();
  }

  // Updates only what changes from one frame to the next.
  move({ position, task }) {
    Object.assign(this.view, { position, task });
    const { from, to, ranges } = this.view;
    this.playhead.hidden = position < from || position >= to;
    this.playhead.style.left = `${this.share(position + 0.5) * 100}%`;
    this.task.hidden = !task || task.last < from || task.first >= to;
    if (task) this.position(this.task, task.first, task.last);
    const label = rangeAt(ranges, position)?.label ?? "no label yet";
    this.bar.setAttribute("aria-valuemin", from);
    this.bar.setAttribute("aria-valuemax", Math.max(from, to - 1));
    this.bar.setAttribute("aria-valuenow", position);
    this.bar.setAttribute("aria-valuetext", `frame ${position}, ${label}`);
  }

  drawHandles() {
    const focused = document.activeElement?.closest?.(".handles") === this.handles;
    const ranges = this.view.handles ? this.view.ranges : [];
    const boundaries = ranges.flatMap((range, index, all) => {
      const next = all[index + 1];
      if (!next || next.first !== range.last + 1) return [];
      return range.last + 1 > this.view.from && next.first < this.view.to ? [{ left: range, right: next }] : [];
    });
    this.handles.replaceChildren(...boundaries.map((boundary) => this.makeHandle(boundary)));
    if (!focused || this.focusOn === undefined) return;
    const again = [...this.handles.children].find((handle) => Number(handle.dataset.boundary) === this.focusOn);
    again?.focus();
  }

  makeHandle({ left, right }) {
    const boundary = left.last;
    const handle = make("div", {
      className: "handle",
      role: "slider",
      tabindex: "0",
      "data-boundary": boundary,
      "aria-label": `Boundary between ${left.label} and ${right.label}`,
      "aria-valuemin": left.first,
      "aria-valuemax": right.last - 1,
      "aria-valuenow": boundary,
      "aria-valuetext": `${left.label} ends at frame ${boundary}`,
      title: `Drag: ${left.label} ends at frame ${boundary}`,
    });
    handle.style.left = `${this.share(boundary + 1) * 100}%`;
    // Narrow handles leave short ranges clickable between their boundaries.
    const narrower = Math.min(left.last - left.first, right.last - right.first) + 1;
    const room = (narrower / (this.view.to - this.view.from)) * this.bar.clientWidth;
    handle.style.width = `${Math.max(7, Math.min(15, room / 2))}px`;
    const clamp = (to) => Math.min(Math.max(to, left.first), right.last - 1);
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      this.dragged = { boundary, to: boundary, left, right };
      handle.classList.add("dragged");
      this.calls.peek(boundary, this.dragged);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!this.dragged || !handle.hasPointerCapture(event.pointerId)) return;
      const to = clamp(this.edgeAt(event) - 1);
      if (to === this.dragged.to) return;
      this.dragged.to = to;
      handle.style.left = `${this.share(to + 1) * 100}%`;
      this.preview(to);
      this.calls.peek(to, this.dragged);
    });
    const drop = (event) => {
      if (!this.dragged) return;
      const { to } = this.dragged;
      this.dragged = null;
      handle.classList.remove("dragged");
      this.calls.peek(null);
      if (event.type === "pointerup" && to !== boundary) this.calls.move(boundary, to);
      else this.draw(this.view);
    };
    handle.addEventListener("pointerup", drop);
    handle.addEventListener("pointercancel", drop);
    handle.addEventListener("keydown", (event) => {
      if (!(event.key in STEP)) return;
      event.preventDefault();
      event.stopPropagation();
      const to = clamp(boundary + STEP[event.key]);
      if (to === boundary) return;
      this.focusOn = to;
      this.calls.move(boundary, to);
      this.calls.peek(to, { boundary, to, left, right });
    });
    handle.addEventListener("focus", () => {
      this.focusOn = boundary;
      this.calls.peek(boundary, { boundary, to: boundary, left, right });
    });
    handle.addEventListener("blur", () => this.calls.peek(null));
    return handle;
  }

  // Resizes the two ranges next to a boundary while it is dragged.
  preview(to) {
    const { left, right } = this.dragged;
    const shown = this.inView(this.view.ranges);
    const parts = [...this.parts.children];
    const at = shown.indexOf(left);
    if (at >= 0) this.position(parts[at], left.first, to);
    if (shown.indexOf(right) >= 0) this.position(parts[shown.indexOf(right)], to + 1, right.last);
    this.fitLabels();
  }

  drawMarks() {
    const { from, to, timeAt, shown } = this.view;
    // The times of frames that are not decoded yet are extrapolated from two known ones.
    if (shown < 2) return this.marks.replaceChildren();
    return this.marks.replaceChildren(
      ...[0, 0.25, 0.5, 0.75, 1].map((share) => make("span", { text: clock(timeAt(from + share * (to - 1 - from))) })),
    );
  }

  grab(event) {
    event.preventDefault();
    this.bar.setPointerCapture(event.pointerId);
    this.calls.seek(this.frameAt(event));
  }

  inView(ranges) {
    return ranges.filter((range) => range.last >= this.view.from && range.first < this.view.to);
  }

  share(frame) {
    const { from, to } = this.view;
    return (frame - from) / Math.max(1, to - from);
  }

  position(element, first, last) {
    const start = Math.max(0, this.share(first));
    const end = Math.min(1, this.share(last + 1));
    element.style.left = `${start * 100}%`;
    element.style.width = `${Math.max(0, end - start) * 100}%`;
  }

  edgeAt(event) {
    const box = this.bar.getBoundingClientRect();
    const { from, to } = this.view;
    return Math.round(from + ((event.clientX - box.left) / box.width) * (to - from));
  }

  frameAt(event) {
    const box = this.bar.getBoundingClientRect();
    const { from, to } = this.view;
    const frame = Math.floor(from + ((event.clientX - box.left) / box.width) * (to - from));
    return Math.min(Math.max(frame, from), to - 1);
  }

  // Hides labels that do not fit: a truncated word says less than the colour.
  fitLabels() {
    for (const label of this.parts.querySelectorAll("span")) {
      label.style.visibility = label.scrollWidth <= label.clientWidth && label.clientWidth <= label.parentElement.clientWidth ? "visible" : "hidden";
    }
  }
}

// Adjacent stretches with the same proposal, joined into one.
function joined(stretches) {
  const ranges = [];
  for (const { first, last, label } of stretches) {
    if (label === null) continue;
    const before = ranges.at(-1);
    if (before && before.label === label && before.last + 1 === first) before.last = last;
    else ranges.push({ first, last, label });
  }
  return ranges;
}
