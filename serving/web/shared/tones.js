// The colour of a label: by its index in the model for poses, by name for the rest (styles/tones.css).

export const UNCERTAIN = "uncertain";
export const NO_PERSON = "no person";
export const NOT_IN_VIEW = "not all in view";

const TONES = 8;

export function tone(label, model) {
  if (label === model.other) return "tone-other";
  if (label === UNCERTAIN) return "tone-uncertain";
  if (label === NOT_IN_VIEW) return "tone-not-in-view";
  if (label === NO_PERSON) return "tone-no-person";
  return `tone-${model.labels.indexOf(label) % TONES}`;
}

// Whether a label is a pose; only poses can be held.
export const isPose = (label, model) => label !== model.other && model.labels.includes(label);
