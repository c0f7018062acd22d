// The buttons of the player. They are below the video, not over it, so nothing drawn is hidden; the
// ribbon is the seek bar.

import { icon, make, setIcon } from "../shared/dom.js";
import { clock } from "../shared/words.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const FASTEST = 16; // of what browsers play

// follow(callback) calls back with the performer's time in seconds whenever it changes; slower is how
// many times slower than real the video plays.
export function makeControls(video, duration_s, slower, follow) {
  const now = make("span");
  follow((time_s) => (now.textContent = clock(time_s)));
  const time = make("span", { className: "time" }, now, make("span", { className: "duration", text: ` / ${clock(duration_s)}` }));
  return make(
    "div",
    { className: "controls", role: "group", "aria-label": "Player" },
    playButton(video),
    time,
    speedChoice(video, slower),
    captionsButton(video),
    soundButton(video),
    fullButton(video),
  );
}

function playButton(video) {
  const sign = icon("play");
  const button = make("button", { type: "button", className: "play-button", "aria-label": "Play", id: "play" }, sign);
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
  const update = () => {
    setIcon(sign, video.paused ? "play" : "pause");
    button.setAttribute("aria-label", video.paused ? "Play" : "Pause");
  };
  button.addEventListener("click", toggle);
  video.addEventListener("click", () => video.controls || toggle());
  for (const change of ["play", "pause", "emptied"]) video.addEventListener(change, update);
  return button;
}

// In slow motion, there is also the speed at which everything really happened.
function speedChoice(video, slower) {
  const speeds = slower <= FASTEST ? new Set([...SPEEDS, slower]) : SPEEDS;
  const options = [...speeds].map((speed) => make("option", { value: speed, text: `${speed}×` }));
  const choice = make("select", { "aria-label": "Speed", id: "speed" }, ...options);
  choice.value = "1";
  choice.addEventListener("change", () => {
    // Keeps the speed when the player switches to another file.
    video.defaultPlaybackRate = Number(choice.value);
    video.playbackRate = video.defaultPlaybackRate;
  });
  return choice;
}

function captionsButton(video) {
  const button = switchButton("captions", "Captions");
  button.addEventListener("click", () => {
    const [track] = video.textTracks;
    track.mode = track.mode === "showing" ? "disabled" : "showing";
    button.setAttribute("aria-pressed", String(track.mode === "showing"));
  });
  return button;
}

function soundButton(video) {
  const button = switchButton("sound", "Mute");
  button.addEventListener("click", () => {
    video.muted = !video.muted;
    setIcon(button.firstElementChild, video.muted ? "silent" : "sound");
    button.setAttribute("aria-pressed", String(video.muted));
  });
  return button;
}

function switchButton(sign, name) {
  return make(
    "button",
    { type: "button", className: "icon-button", "aria-label": name, title: name, "aria-pressed": "false" },
    icon(sign),
  );
}

// In full screen the browser's own controls are shown, since the ribbon is not visible there.
function fullButton(video) {
  const button = make(
    "button",
    { type: "button", className: "icon-button", "aria-label": "Full screen", title: "Full screen" },
    icon("full"),
  );
  button.addEventListener("click", () => {
    if (video.requestFullscreen) video.requestFullscreen().catch(() => {});
    else video.webkitEnterFullscreen?.(); // iPhone
  });
  video.addEventListener("fullscreenchange", () => (video.controls = document.fullscreenElement === video));
  return button;
}
