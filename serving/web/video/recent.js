// The list of recent analyses.

import { VIDEOS, request } from "../shared/api.js";
import { byId, icon, make, show } from "../shared/dom.js";

export const STATUS = { queued: "Waiting", processing: "Analysing", done: "Done", failed: "Failed" };

const MAX_SHOWN = 30;

let drawn = "";

// Draws the list. shownId: the open analysis; remove(id, name) deletes one. Resolves to whether an
// analysis is still waiting or running.
export async function listRecent(shownId, remove) {
  let videos;
  try {
    ({ videos } = await request(VIDEOS));
  } catch {
    return false; // the page reports problems where the user asked for something
  }
  const shown = videos.slice(0, MAX_SHOWN);
  const facts = JSON.stringify([shownId, shown.map((job) => [job.id, job.status])]);
  // An unchanged list is not redrawn, so that it keeps the keyboard focus.
  if (facts !== drawn) {
    drawn = facts;
    show(byId("recent-empty"), !videos.length);
    byId("recent-list").replaceChildren(...shown.map((job) => item(job, shownId, remove)));
  }
  return shown.some((job) => job.status === "queued" || job.status === "processing");
}

function item(job, shownId, remove) {
  const link = make("a", { href: `#${job.id}`, text: job.source });
  if (job.id === shownId) link.setAttribute("aria-current", "true");
  const when = new Date(job.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return make(
    "li",
    {},
    make("div", {}, link, make("span", { className: "facts", text: when })),
    make("span", { className: "status", text: STATUS[job.status], "data-status": STATUS[job.status] }),
    make(
      "button",
      {
        type: "button",
        className: "icon-button",
        "aria-label": `Delete ${job.source}`,
        title: "Delete",
        onclick: () => remove(job.id, job.source),
      },
      icon("trash"),
    ),
  );
}
