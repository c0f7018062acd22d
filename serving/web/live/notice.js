// What is said over the picture when there is nothing to see, or nothing to say about it.

import { byId, show } from "../shared/dom.js";

const WELCOME = {
  title: "Your pose, as you hold it",
  text: "Stand back so that all of you is in the picture. Pictures go to this service only, and none is kept.",
};

// actions: which of "start", "demo", "retry" are offered.
export function showNotice({ title, text }, ...actions) {
  byId("live-notice-title").textContent = title;
  byId("live-notice-text").textContent = text;
  for (const action of ["start", "demo", "retry"]) show(byId(`live-${action}`), actions.includes(action));
  byId("live-notice").classList.toggle("over-picture", !actions.includes("start"));
  show(byId("live-notice"), true);
}

export function hideNotice() {
  show(byId("live-notice"), false);
}

export const showWelcome = () => showNotice(WELCOME, "start", "demo");
export const showOpening = () => showNotice({ title: "One moment", text: "The browser may ask whether this page may use the camera." });
export const showProblem = (problem) => showNotice({ title: problem.title, text: problem.message }, "start", "demo");

const AGAIN = "It is tried again by itself.";
const REFUSALS = { busy: "The service is busy", not_ready: "The service is not ready" };

// Said while the camera runs but the service does not answer; nothing when it does. refusal: the
// service's own error message, or null.
export function showConnection(state, refusal) {
  if (state === "busy") {
    const title = REFUSALS[refusal?.code] ?? REFUSALS.busy;
    showNotice({ title, text: `${refusal?.detail ?? ""} ${AGAIN}` }, "retry");
  } else if (state === "lost") {
    showNotice({ title: "No connection to the service", text: AGAIN }, "retry");
  } else if (state !== "connecting") {
    hideNotice();
  }
}
