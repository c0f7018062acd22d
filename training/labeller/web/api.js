// Requests to the tool. Every failure becomes a Problem with a message for the user.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  // Whether trying again helps: the tool is not running, or not ready yet.
  get temporary() {
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
  let detail = `The tool responded with status ${reply.status}.`;
  try {
    detail = (await reply.json()).detail ?? detail;
  } catch {
    // The body is not JSON, so the status is all there is to report.
  }
  throw new Problem(reply.status, detail);
}

export const recordingUrl = (filename) => `/api/recordings/${encodeURIComponent(filename)}`;
