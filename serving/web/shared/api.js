// Talks to the service. Every failure becomes an ApiError with a message for people.

export const VIDEOS = "/api/v1/videos";
export const PHOTOS = "/api/v1/photos";
export const LIVE = "/api/v1/live";
export const DEMO_PERFORMANCE = "/api/v1/demo/performance.mp4";

export class ApiError extends Error {
  constructor(status, title, detail) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

export async function request(url, options = {}) {
  let reply;
  try {
    reply = await fetch(url, options);
  } catch {
    throw unreachable();
  }
  const text = await reply.text();
  if (!reply.ok) throw problem(reply.status, text);
  return text ? JSON.parse(text) : null;
}

// Uploads a file; fetch cannot tell how far an upload is, XMLHttpRequest can.
export function upload(url, file, onProgress) {
  const sender = new XMLHttpRequest();
  const answer = new Promise((resolve, reject) => {
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
  return { answer, abort: () => sender.abort() };
}

function problem(status, text) {
  try {
    const { title, detail } = JSON.parse(text);
    return new ApiError(status, title, detail);
  } catch {
    return new ApiError(status, "Something went wrong", `The service answered with status ${status}.`);
  }
}

function unreachable() {
  return new ApiError(
    0,
    "The service cannot be reached",
    "The connection was lost. Check that the service is running, then try again.",
  );
}
