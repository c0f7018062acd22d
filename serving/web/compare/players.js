// Two videos in step: the reference sets the time and gives the sound, the target follows it.

import { make } from "../shared/dom.js";
import { makeControls } from "../video/controls.js";

const CHANGES = ["play", "seeking", "seeked", "pause", "timeupdate", "loadedmetadata", "ratechange"];
// A target that is farther off than this jumps; within it, its speed is adjusted.
const JUMP_S = 0.25;
const CATCH_UP = 1.5;
const SLOWEST = 0.1;
const FASTEST = 4;

export class Players {
  #reference;
  #target;
  #map;
  #followers = [];
  #time_s = 0;
  #slower;

  // sides: { source, media, timeline, slower } of reference and target; all times are the performers', and
  // slower is how many times slower than real a video plays.
  constructor(sides, duration_s, map, mirrored) {
    this.#map = map;
    this.#slower = sides.map((side) => side.slower);
    [this.#reference, this.#target] = sides.map((side, index) => makeVideo(side, index === 1));
    if (mirrored) this.#target.classList.add("mirrored");
    const panes = [this.#reference, this.#target].map((video, index) =>
      make(
        "figure",
        { className: "pane" },
        video,
        make("figcaption", {}, make("span", { className: "kind", text: index ? "Target" : "Reference" }), ` ${sides[index].source}`),
      ),
    );
    this.element = make(
      "div",
      { className: "player" },
      make("div", { className: "panes" }, ...panes),
      make("div", { className: "player-foot" }, makeControls(this.#reference, duration_s, this.#slower[0], (callback) => this.follow(callback))),
    );
    for (const change of CHANGES) this.#reference.addEventListener(change, () => this.#run());
    this.#target.addEventListener("loadedmetadata", () => this.#align());
  }

  // Calls back with the time of the reference in seconds, now and after every change.
  follow(callback) {
    this.#followers.push(callback);
    callback(this.#time_s);
  }

  get time() {
    return this.#time_s;
  }

  seek(time_s) {
    this.#time_s = Math.max(time_s, 0);
    this.#reference.currentTime = this.#time_s * this.#slower[0];
    this.#tell();
  }

  toggle() {
    if (this.#reference.paused) this.#reference.play().catch(() => {});
    else this.pause();
  }

  pause() {
    this.#reference.pause();
  }

  close() {
    for (const video of [this.#reference, this.#target]) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
  }

  // The target as a player of its own, for its ribbon.
  get ofTarget() {
    const map = this.#map;
    return {
      follow: (callback) => this.follow((time_s) => callback(map.there(time_s))),
      seek: (time_s) => this.seek(map.back(time_s)),
      toggle: () => this.toggle(),
      time: 0,
    };
  }

  #run() {
    if (!this.#reference.isConnected || this.#reference.readyState === 0) return;
    this.#time_s = this.#reference.currentTime / this.#slower[0];
    this.#tell();
    if (!this.#reference.paused) requestAnimationFrame(() => this.#run());
  }

  #tell() {
    this.#align();
    for (const callback of this.#followers) callback(this.#time_s);
  }

  #align() {
    const video = this.#target;
    if (video.readyState === 0 || video.seeking) return;
    const [ours, theirs] = this.#slower;
    const wanted_s = this.#map.there(this.#time_s) * theirs;
    const behind_s = wanted_s - video.currentTime;
    const running = !this.#reference.paused && !this.#reference.seeking;
    const speed = (this.#map.speed(this.#time_s) * theirs * this.#reference.playbackRate) / ours + CATCH_UP * behind_s;
    if (running && Math.abs(behind_s) < JUMP_S && speed > SLOWEST) {
      video.playbackRate = Math.min(speed, FASTEST);
      if (video.paused) video.play().catch(() => {});
      return;
    }
    if (!video.paused) video.pause();
    if (Math.abs(behind_s) > 0.01) video.currentTime = wanted_s;
  }
}

function makeVideo({ source, media, timeline }, muted) {
  const video = make("video", { playsinline: "", preload: "auto", "aria-label": `Video ${source}`, src: media });
  video.muted = muted;
  video.append(make("track", { kind: "captions", label: "Poses", srclang: "en", src: `${timeline}?format=vtt` }));
  return video;
}
