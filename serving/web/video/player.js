// Plays a video: the original, or the one with skeleton when it is ready.

import { make, show } from "../shared/dom.js";
import { percent } from "../shared/words.js";
import { makeControls } from "./controls.js";

const ORIGINAL = "original";
const OVERLAY = "overlay";
const UNPLAYABLE = "This browser cannot play this kind of video, but its analysis is complete.";
const CHANGES = ["play", "seeking", "seeked", "pause", "timeupdate", "loadedmetadata"];

export class Player {
  #video;
  #links;
  #followers = [];
  #shown = null;
  #chosen = false; // whether the user has chosen a version
  #switch;
  #note;
  #controls;
  #unplayable;
  #time_s = 0; // the performer's
  #slower; // how many times slower than real the video plays

  constructor(job, duration_s, slower) {
    this.#links = job.links;
    this.#slower = slower;
    this.#video = makeVideo(job);
    this.#unplayable = make("p", { className: "unplayable", text: UNPLAYABLE, hidden: "" });
    this.#note = make("p", { className: "fine drawing", role: "status" });
    this.#switch = this.#makeSwitch();
    this.#controls = makeControls(this.#video, duration_s, slower, (callback) => this.follow(callback));
    this.element = make(
      "div",
      { className: "player" },
      this.#video,
      this.#unplayable,
      make("div", { className: "player-foot" }, this.#controls, this.#switch),
      this.#note,
    );
    for (const change of CHANGES) this.#video.addEventListener(change, () => this.#run());
    this.#video.addEventListener("error", () => this.#showPlayable(false));
    this.#video.addEventListener("loadedmetadata", () => this.#showPlayable(true));
    this.#play(ORIGINAL);
  }

  // Calls back with the performer's time in seconds, now and after every change.
  follow(callback) {
    this.#followers.push(callback);
    callback(this.#time_s);
  }

  get time() {
    return this.#time_s;
  }

  seek(time_s) {
    this.#time_s = Math.max(time_s, 0);
    this.#video.currentTime = this.#time_s * this.#slower;
    this.#tell();
  }

  play() {
    this.element.scrollIntoView({ block: "nearest" });
    this.#video.play().catch(() => {}); // the error event reports what cannot be played
  }

  pause() {
    this.#video.pause();
  }

  toggle() {
    if (this.#video.paused) this.play();
    else this.pause();
  }

  close() {
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  // Follows the progress of the video with skeleton.
  update(job, framesTotal) {
    const { overlay } = job;
    this.#links = job.links;
    const ready = overlay?.status === "ready";
    show(this.#switch, ready);
    this.#note.textContent = noteOf(overlay, framesTotal);
    const free = this.#video.paused || !this.#unplayable.hidden;
    if (ready && this.#shown === ORIGINAL && !this.#chosen && free) this.#play(OVERLAY);
  }

  #play(which) {
    if (this.#shown === which) return;
    const playing = this.#shown !== null && !this.#video.paused;
    const time_s = this.#time_s;
    this.#shown = which;
    for (const input of this.#switch.querySelectorAll("input")) input.checked = input.value === which;
    this.#video.src = which === OVERLAY ? this.#links.overlay : this.#links.media;
    this.#video.currentTime = time_s * this.#slower;
    if (playing) this.play();
  }

  #showPlayable(playable) {
    if (!this.#video.hasAttribute("src")) return;
    show(this.#video, playable);
    show(this.#controls, playable);
    show(this.#unplayable, !playable);
  }

  #run() {
    if (!this.#video.isConnected || this.#video.readyState === 0) return;
    this.#time_s = this.#video.currentTime / this.#slower;
    this.#tell();
    if (!this.#video.paused) requestAnimationFrame(() => this.#run());
  }

  #tell() {
    for (const callback of this.#followers) callback(this.#time_s);
  }

  #makeSwitch() {
    const choice = (value, text) => {
      const input = make("input", { type: "radio", name: "shown", value });
      input.addEventListener("change", () => {
        this.#chosen = true;
        this.#play(value);
      });
      return make("label", {}, input, make("span", { text }));
    };
    return make(
      "fieldset",
      { className: "choice", hidden: "" },
      make("legend", { className: "visually-hidden", text: "Version" }),
      choice(OVERLAY, "With skeleton"),
      choice(ORIGINAL, "Original"),
    );
  }
}

function noteOf(overlay, framesTotal) {
  if (overlay?.status === "waiting") return "The video with skeleton is next in line.";
  if (overlay?.status === "rendering") {
    const share = framesTotal ? ` ${percent(Math.min(1, overlay.frames_done / framesTotal))}` : "";
    return `Drawing the video with skeleton:${share || ` ${overlay.frames_done} frames`}`;
  }
  if (overlay?.status === "failed") return `The video with skeleton could not be drawn. ${overlay.problem ?? ""}`;
  return "";
}

function makeVideo(job) {
  const video = make("video", {
    playsinline: "",
    preload: "metadata",
    "aria-label": `Video ${job.source}`,
  });
  video.append(
    make("track", { kind: "captions", label: "Poses", srclang: "en", src: `${job.links.timeline}?format=vtt` }),
  );
  return video;
}
