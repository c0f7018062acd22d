"""The JSON responses to the page."""

from typing import Any

from training.labeller.editing.journal import Step
from training.labeller.editing.ranges import Ranges
from training.labeller.entries import Entry
from training.labeller.predictions.predictor import Prediction
from training.labeller.predictions.proposals import Proposal, least_sure, proposals
from training.labeller.service import LabellingService, RecordingView
from training.words import counted


def listing(service: LabellingService) -> dict[str, Any]:
    """All recordings by name, and the queue of those to label."""
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
            for entry in service.entries.values()
        ],
        "queue": service.queue(),
    }


def recording(view: RecordingView) -> dict[str, Any]:
    """One recording with its frames, labels and proposals."""
    decoding, entry = view.decoding, view.entry
    shown = [frame for frame, _ in decoding.shown]
    return {
        "filename": entry.recording.filename,
        "name": entry.recording.name,
        "problem": entry.problem or decoding.problem,
        "remark": decoding.remark or _labels_past_the_end(view),
        "frames": {
            "decoded": decoding.frames,
            "complete": decoding.complete,
            "expected": decoding.frames if decoding.complete else decoding.expected_frames,
            "shown": decoding.shown,
        },
        "labels": labels(entry),
        "proposals": prediction(view.prediction, shown, decoding.complete),
    }


def labels(entry: Entry) -> dict[str, Any]:
    """The labels of a recording, and whether steps can be undone or redone."""
    history = None if entry.session is None else entry.session.history
    return {
        "ranges": ranges(entry.ranges),
        "start_at": entry.start_at,
        "forced": entry.forced,
        "can_undo": history is not None and history.can_undo,
        "can_redo": history is not None and history.can_redo,
    }


def ranges(found: Ranges) -> list[dict[str, Any]]:
    """Labelled ranges in order."""
    return [{"first": one.first, "last": one.last, "label": one.label} for one in found]


def prediction(found: Prediction, shown: list[int], complete: bool) -> dict[str, Any]:
    """The proposal for each stretch of a recording, and the stretches that are least sure."""
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
    """The result of an action; ``changed`` is null when there was nothing to do."""
    changed = None
    if step is not None:
        changed = {
            "first": step.change.first,
            "last": step.change.last,
            "frame": step.frame,
            "ranges": ranges(step.change.after),
        }
    return {"filename": entry.recording.filename, "changed": changed, "labels": labels(entry)}


def _labels_past_the_end(view: RecordingView) -> str | None:
    """A remark on labels that were made for a longer version of the recording."""
    found = view.entry.ranges
    if not view.decoding.complete or not found or found[-1].last < view.decoding.frames:
        return None
    return (
        f"The labels go up to frame {found[-1].last}, but the recording has only "
        f"{counted(view.decoding.frames, 'frame')}. Were they made for another version of it?"
    )
