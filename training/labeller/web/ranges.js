// The tool's labelling rules (ranges.py), so that the page can show a change before the response.

export const rangeAt = (ranges, frame) => ranges.find((range) => range.first <= frame && frame <= range.last) ?? null;

export const nextShown = (shown, frame) => shown.find(([number]) => number > frame)?.[0] ?? null;

export const previousShown = (shown, frame) => shown.findLast(([number]) => number < frame)?.[0] ?? null;

// The frames that a key labels while `frame` is on the page.
export function stretch(ranges, shown, frame) {
  if (rangeAt(ranges, frame)) return { first: (previousShown(shown, frame) ?? -1) + 1, last: frame };
  const before = ranges.findLast((range) => range.last < frame);
  return { first: (before?.last ?? -1) + 1, last: frame };
}

// Ranges after giving `first` to `last` a label, with adjacent ranges of the same label joined.
export function painted(ranges, { first, last }, label) {
  const parts = [];
  for (const range of ranges) {
    if (range.first < first) parts.push({ ...range, last: Math.min(range.last, first - 1) });
  }
  parts.push({ first, last, label });
  for (const range of ranges) {
    if (range.last > last) parts.push({ ...range, first: Math.max(range.first, last + 1) });
  }
  const longest = [];
  for (const part of parts) {
    const before = longest.at(-1);
    if (before && before.last + 1 === part.first && before.label === part.label) before.last = part.last;
    else longest.push({ ...part });
  }
  return longest;
}
