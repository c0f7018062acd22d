// From a moment of the reference to that of the target and back, along the curve of a comparison.

export class TimeMap {
  #from;
  #to;

  constructor(curve) {
    const known = curve.target_s.map((time_s, index) => [curve.reference_s[index], time_s]).filter(([, to]) => to !== null);
    this.#from = known.map(([from]) => from);
    this.#to = known.map(([, to]) => to);
  }

  // Outside the part that both recordings show, the nearest moment of it.
  there(time_s) {
    return interpolated(this.#from, this.#to, time_s);
  }

  back(time_s) {
    return interpolated(this.#to, this.#from, time_s);
  }

  // How fast the target has to run for the reference to run at its own speed.
  speed(time_s) {
    const span_s = 0.4;
    return (this.there(time_s + span_s) - this.there(time_s)) / span_s;
  }
}

function interpolated(from, to, value) {
  if (!from.length) return 0;
  let low = 0;
  let high = from.length - 1;
  if (value <= from[low]) return to[low];
  if (value >= from[high]) return to[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= value) low = middle;
    else high = middle;
  }
  const span = from[high] - from[low];
  return span ? to[low] + ((value - from[low]) / span) * (to[high] - to[low]) : to[high];
}
