// The colour of a label: poses by their place in the model, the rest by name (styles/tones.css).

export const UNCERTAIN = "uncertain";
export const NOBODY = "no person";

const TONES = 8;

export function tone(label, model) {
  if (label === model.other) return "tone-other";
  if (label === UNCERTAIN) return "tone-uncertain";
  if (label === NOBODY) return "tone-nobody";
  return `tone-${model.labels.indexOf(label) % TONES}`;
}

// Whether a label is one of the poses, which is what can be held.
export const isPose = (label, model) => label !== model.other && model.labels.includes(label);
