// The one place in which the page says what went wrong.

import { byId, show } from "./dom.js";

export function complain(error) {
  byId("message-title").textContent = `${error.title ?? "Something went wrong"}.`;
  byId("message-text").textContent = error.message;
  show(byId("message"), true);
}

export function hush() {
  show(byId("message"), false);
}

byId("message-close").addEventListener("click", hush);
