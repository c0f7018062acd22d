// The message bar: the page reports every problem here.

import { byId, show } from "./dom.js";

export function showError(error) {
  byId("message-title").textContent = `${error.title ?? "Something went wrong"}.`;
  byId("message-text").textContent = error.message;
  show(byId("message"), true);
}

export function hideError() {
  show(byId("message"), false);
}

byId("message-close").addEventListener("click", hideError);
