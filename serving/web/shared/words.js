// Formats numbers for people.

export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

export const seconds = (value) => `${value.toFixed(1)} s`;

export const percent = (value) => (value === null ? "–" : `${Math.round(value * 100)} %`);

export function size(bytes) {
  const megabytes = bytes / 1024 / 1024;
  return megabytes < 10 ? `${megabytes.toFixed(1)} MB` : `${Math.round(megabytes)} MB`;
}

export function about(secondsLeft) {
  if (secondsLeft < 5) return "a few seconds left";
  if (secondsLeft < 90) return `about ${Math.ceil(secondsLeft / 5) * 5} seconds left`;
  return `about ${Math.round(secondsLeft / 60)} minutes left`;
}

export const pointsText = (score) => (score.points === null ? "–" : String(Math.round(score.points)));

// The points of a hold and what cost most of them, or why there are none.
export function scoreWords(score) {
  if (score.points === null) return `no score: ${score.reason}`;
  return [count(Math.round(score.points), "point", "points"), ...score.faults.slice(0, 1).map((fault) => fault.text)].join(", ");
}

export const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
