// Notices over the camera image: the welcome, problems, and a lost connection.

import { byId, show } from "../shared/dom.js";

const WELCOME = {
  title: "Your pose, as you hold it",
  text: "Stand back until your whole body is in view. The images go to this service only and are not stored.",
};

// actions: the buttons to show, of "start", "demo", "retry".
export function showNotice({ title, text }, ...actions) {
  byId("live-notice-title").textContent = title;
  byId("live-notice-text").textContent = text;
  for (const action of ["start", "demo", "retry"]) show(byId(`live-${action}`), actions.includes(action));
  byId("live-notice").classList.toggle("over-image", !actions.includes("start"));
  show(byId("live-notice"), true);
}

export function hideNotice() {
  show(byId("live-notice"), false);
}

export const showWelcome = () => showNotice(WELCOME, "start", "demo");
export const showOpening = () => showNotice({ title: "One moment", text: "Your browser may ask for permission to use the camera." });
export const showProblem = (problem) => showNotice({ title: problem.title, text: problem.message }, "start", "demo");

const AGAIN = "Reconnecting automatically.";
const REFUSALS = { busy: "The service is busy", not_ready: "The service is not ready" };

// Shown while the camera runs but the service does not respond. refusal: the error message of the
// service, or null.
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
