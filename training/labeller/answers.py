"""What the page is told, as JSON."""

from typing import Any

from training.labeller.catalogue import Entry
from training.labeller.editing.history import Step
from training.labeller.editing.rule import Ranges
from training.labeller.predictions.opinions import Opinion
from training.labeller.predictions.proposals import Proposal, least_sure, proposals
from training.labeller.workbench import View, Workbench


def listing(workbench: Workbench) -> dict[str, Any]:
    """All recordings by name, and the queue."""
    return {
        "recordings": [
            {
                "filename": entry.recording.filename,
                "name": entry.recording.name,
                "status": entry.status,
                "forced": entry.forced,
                "labelled_frames": entry.labelled_frames,
                "frames": entry.frames,
                "problem": entry.problem,
            }
            for entry in workbench.entries.values()
        ],
        "queue": workbench.queue(),
    }


def recording(view: View) -> dict[str, Any]:
    """One recording as it comes onto the page."""
    decoded, entry = view.decoded, view.entry
    shown = [frame for frame, _ in decoded.shown]
    return {
        "filename": entry.recording.filename,
        "name": entry.recording.name,
        "problem": entry.problem or decoded.problem,
        "remark": decoded.remark or _beyond_the_end(view),
        "frames": {
            "decoded": decoded.frames,
            "complete": decoded.complete,
            "expected": decoded.frames if decoded.complete else decoded.expected_frames,
            "shown": decoded.shown,
        },
        "labels": labels(entry),
        "proposals": opinion(view.opinion, shown, decoded.complete),
    }


def labels(entry: Entry) -> dict[str, Any]:
    """The labels of a recording and what can be done with them."""
    history = None if entry.session is None else entry.session.history
    return {
        "ranges": ranges(entry.ranges),
        "start_at": entry.start_at,
        "forced": entry.forced,
        "can_undo": history is not None and history.can_undo,
        "can_redo": history is not None and history.can_redo,
    }


def ranges(found: Ranges) -> list[dict[str, Any]]:
    """Ranges in order."""
    return [{"first": one.first, "last": one.last, "label": one.label} for one in found]


def opinion(found: Opinion, shown: list[int], complete: bool) -> dict[str, Any]:
    """What a model makes of a recording: for each stretch, and where it is least sure."""
    ready = found.probabilities is not None and complete
    offered = (
        proposals(found.probabilities, found.labels, shown)
        if found.probabilities is not None and complete
        else []
    )
    return {
        "state": found.state if ready or found.state != "ready" else "computing",
        "progress": found.progress,
        "note": found.note,
        "stretches": [proposal(one) for one in offered],
        "least_sure": least_sure(offered),
    }


def proposal(found: Proposal) -> dict[str, Any]:
    """One proposal."""
    return {
        "first": found.first,
        "last": found.last,
        "label": found.label,
        "confidence": round(found.confidence, 4),
    }


def acted(entry: Entry, step: Step | None) -> dict[str, Any]:
    """What an action has done; ``changed`` is null when there was nothing to do."""
    changed = None
    if step is not None:
        changed = {
            "first": step.change.first,
            "last": step.change.last,
            "frame": step.frame,
            "ranges": ranges(step.change.after),
        }
    return {"filename": entry.recording.filename, "changed": changed, "labels": labels(entry)}


def _beyond_the_end(view: View) -> str | None:
    """Labels that were made for a longer version of the recording are worth a word."""
    found = view.entry.ranges
    if not view.decoded.complete or not found or found[-1].last < view.decoded.frames:
        return None
    return (
        f"The label table reaches to frame {found[-1].last}, the recording has "
        f"{view.decoded.frames} frames. Was the table made for another version of it?"
    )
