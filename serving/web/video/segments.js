// Finds the segment of a timeline at a moment.

const ROUNDING_S = 0.0005; // players round times to milliseconds

export function segmentAt(segments, time_s) {
  return segments.findLast((segment) => segment.start_s <= time_s + ROUNDING_S);
}
