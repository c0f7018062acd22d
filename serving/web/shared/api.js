// Requests to the service. Every failure becomes an ApiError with a message for the user.

import { BASE } from "./base.js";

const API = `${BASE}/api/v1`;
export const VIDEOS = `${API}/videos`;
export const COMPARISONS = `${API}/comparisons`;
export const PHOTOS = `${API}/photos`;
export const LIVE = `${API}/live`;
export const DEMO_PERFORMANCE = `${API}/demo/performance.mp4`;
export const MODEL = `${API}/model`;
export const SESSION = `${API}/session`;
export const READY = `${BASE}/health/ready`;

const LOG_IN_NEEDED = 401;
// Sent on the document when a request was refused because nobody is logged in.
export const LOGGED_OUT = "logged-out";

export class ApiError extends Error {
  constructor(status, title, detail) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

export async function request(url, options = {}) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw unreachable();
  }
  const text = await response.text();
  if (!response.ok) throw problem(response.status, text);
  return text ? JSON.parse(text) : null;
}

// Uploads a file with XMLHttpRequest, since fetch does not report upload progress.
export function upload(url, file, onProgress) {
  const sender = new XMLHttpRequest();
  const response = new Promise((resolve, reject) => {
    sender.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.total));
    sender.addEventListener("load", () => {
      if (sender.status < 300) resolve(JSON.parse(sender.responseText));
      else reject(problem(sender.status, sender.responseText));
    });
    sender.addEventListener("error", () => reject(unreachable()));
    sender.addEventListener("abort", () => reject(new ApiError(0, "Cancelled", "The upload was cancelled.")));
    sender.open("POST", url);
    const form = new FormData();
    form.append("file", file, file.name);
    sender.send(form);
  });
  return { response, abort: () => sender.abort() };
}

function problem(status, text) {
  if (status === LOG_IN_NEEDED) document.dispatchEvent(new Event(LOGGED_OUT));
  try {
    const { title, detail } = JSON.parse(text);
    return new ApiError(status, title, detail);
  } catch {
    return new ApiError(status, "Something went wrong", `The service responded with status ${status}.`);
  }
}

function unreachable() {
  return new ApiError(
    0,
    "The service cannot be reached",
    "The connection was lost. Check that the service is running, then try again.",
  );
}
