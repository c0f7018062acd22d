// The prediction for a photo: the photo with skeleton, the pose, the probabilities.

import { makeBars } from "../shared/bars.js";
import { make } from "../shared/dom.js";
import { drawSkeleton } from "../shared/skeleton.js";
import { tone } from "../shared/tones.js";
import { percent } from "../shared/words.js";

const MAX_HEIGHT_VH = 66; // keeps the whole photo in view
const LONGEST_SIDE_PX = 1600; // of the canvas: sharp on any screen, and within every browser's limits

export function photoPrediction(photo, file) {
  return make("div", { className: "photo-box" }, stage(photo, file), words(photo));
}

function stage(photo, file) {
  const address = URL.createObjectURL(file);
  const image = make("img", { src: address, alt: `Photo ${photo.source}`, className: "photo" });
  image.addEventListener("load", () => URL.revokeObjectURL(address));
  const box = make("div", { className: "photo-stage" }, image);
  box.style.aspectRatio = `${photo.width} / ${photo.height}`;
  box.style.width = `min(100%, ${(MAX_HEIGHT_VH * photo.width) / photo.height}vh)`;
  if (!photo.landmarks) return make("div", { className: "photo-side" }, box);
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(photo.width, photo.height));
  const canvas = make("canvas", {
    width: Math.round(photo.width * scale),
    height: Math.round(photo.height * scale),
    "aria-hidden": "true",
  });
  drawSkeleton(canvas, photo.landmarks.map(({ image: at }) => [at.x, at.y, at.visibility]));
  box.append(canvas);
  const toggle = make("input", { type: "checkbox", role: "switch", checked: "", id: "photo-skeleton" });
  toggle.addEventListener("change", () => (canvas.hidden = !toggle.checked));
  const key = make(
    "p",
    { className: "key" },
    make("span", { className: "key-left", text: "left" }),
    make("span", { className: "key-right", text: "right" }),
  );
  const foot = make(
    "div",
    { className: "photo-foot" },
    make("label", { className: "switch" }, toggle, make("span", { text: "Skeleton" })),
    key,
  );
  return make("div", { className: "photo-side" }, box, foot);
}

function words(photo) {
  const { model } = photo;
  if (!photo.person) {
    return make(
      "div",
      {},
      make("p", { className: "prediction", text: "No person" }),
      make("p", { className: "fine", text: "No person was found in this photo. Photos of the whole body work best." }),
    );
  }
  if (!photo.in_view) {
    return make(
      "div",
      {},
      make("p", { className: "prediction", text: "Not all in view" }),
      make("p", {
        className: "fine",
        text: "Part of the body is outside the photo, so its pose would be a guess. Show head, hips, arms and legs.",
      }),
      ...photo.notes.map((note) => make("p", { className: "fine", text: note })),
    );
  }
  const ranked = Object.keys(photo.probabilities).sort((a, b) => photo.probabilities[b] - photo.probabilities[a]);
  const bars = makeBars(ranked, model);
  bars.update(photo.probabilities, photo.label);
  const doubt = photo.uncertain
    ? "Uncertain: below the confidence for a pose."
    : `${percent(photo.confidence)} sure.`;
  const others =
    photo.people_in_view > 1 ? ` ${photo.people_in_view} people are in view; one of them was classified.` : "";
  return make(
    "div",
    {},
    make("p", { className: `prediction ${tone(photo.label, model)}`, text: photo.label }),
    make("p", { className: "fine", text: doubt + others }),
    ...photo.notes.map((note) => make("p", { className: "fine", text: note })),
    bars.element,
  );
}
