// Talks to the tool. Every failure becomes a Problem with a message for people.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  // Whether trying again helps: the tool is gone, or not that far yet.
  get passes() {
    return this.status === 0 || this.status === 503;
  }
}

export async function request(url, options = {}) {
  const reply = await send(url, options);
  return reply.json();
}

export async function send(url, options = {}) {
  let reply;
  try {
    reply = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The tool cannot be reached.");
  }
  if (reply.ok) return reply;
  let detail = `The tool answered with status ${reply.status}.`;
  try {
    detail = (await reply.json()).detail ?? detail;
  } catch {
    // Not JSON: the status says all there is.
  }
  throw new Problem(reply.status, detail);
}

export const recordingUrl = (filename) => `/api/recordings/${encodeURIComponent(filename)}`;
