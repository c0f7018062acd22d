// Small helpers that create elements and format numbers.

export const byId = (id) => document.getElementById(id);

export function make(tag, { text, className, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export function show(element, visible) {
  element.hidden = !visible;
}

export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

export const percent = (share) => `${Math.round(share * 100)} %`;

export const frames = (first, last) => (first === last ? `frame ${first}` : `frames ${first}–${last}`);

// The colour class of a label: poses by their order in params.yaml.
export function tone(label, setup) {
  if (label === setup.other) return "tone-other";
  const index = setup.labels.indexOf(label);
  return index < 0 ? "tone-unknown" : `tone-${index % 10}`;
}
