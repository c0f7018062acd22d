// The pose at the playhead and how long it has been held.

import { make } from "../shared/dom.js";
import { tone } from "../shared/tones.js";
import { seconds } from "../shared/words.js";
import { segmentAt } from "./segments.js";

export function makeNow(segments, model, player) {
  const now = make("p", { className: "now", id: "now", "aria-live": "off" });
  const label = make("strong");
  const held = make("span");
  now.append(label, held);
  player.follow((time_s) => {
    const segment = segmentAt(segments, time_s);
    if (!segment) return;
    now.className = `now ${tone(segment.label, model)}`;
    label.textContent = segment.label;
    const since_s = Math.min(Math.max(0, time_s - segment.start_s), segment.duration_s);
    held.textContent = `${seconds(since_s)} of ${seconds(segment.duration_s)}`;
  });
  return now;
}
