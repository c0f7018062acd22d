// The list of recent analyses.

import { VIDEOS, request } from "../shared/api.js";
import { byId, icon, make, show } from "../shared/dom.js";
import { percent } from "../shared/words.js";

export const STATUS = { queued: "Waiting", processing: "Being analysed", done: "Done", failed: "Failed" };

const MAX_SHOWN = 30;

// shownId: the analysis that is open; remove(id, name) deletes one.
export async function listRecent(shownId, remove) {
  let videos;
  try {
    ({ videos } = await request(VIDEOS));
  } catch {
    return; // whatever is wrong is said where the user asked for something
  }
  show(byId("recent-empty"), !videos.length);
  byId("recent-list").replaceChildren(...videos.slice(0, MAX_SHOWN).map((job) => item(job, shownId, remove)));
}

function item(job, shownId, remove) {
  const link = make("a", { href: `#${job.id}`, text: job.source });
  if (job.id === shownId) link.setAttribute("aria-current", "true");
  const when = new Date(job.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return make(
    "li",
    {},
    make("div", {}, link, make("span", { className: "facts", text: when })),
    make("span", { className: "status", text: statusWords(job), "data-status": STATUS[job.status] }),
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

function statusWords(job) {
  const known = job.status === "processing" && job.frames_total;
  return known ? `${STATUS.processing}, ${percent(Math.min(1, job.frames_done / job.frames_total))}` : STATUS[job.status];
}
