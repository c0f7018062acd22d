// Words for differences between two recordings.

const IN_STEP_S = 0.1;

export function late(seconds) {
  if (seconds === null) return "not in the target";
  if (Math.abs(seconds) < IN_STEP_S) return "in step";
  return `${Math.abs(seconds).toFixed(1)} s ${seconds > 0 ? "late" : "early"}`;
}

export const degrees = (value) => (value === null ? "–" : `${Math.round(value)}°`);
