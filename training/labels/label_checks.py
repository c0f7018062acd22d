"""Labels checked against params.yaml, against the frames that are there, and against each other."""

import difflib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared_features.errors import MediaError
from shared_features.params import MediaParams
from training.labels.label_claims import LabelClaim
from training.labels.label_tables import LabelledRange, LabelTable
from training.recordings.catalog import Recording, landmarks_path

# Tools that take the time times the frame rate end a video a frame or two too late.
OVERSHOOT_FRAMES = 2


def unknown_labels(claims: Sequence[LabelClaim], known: Sequence[str]) -> list[str]:
    """A sentence naming all labels that params.yaml does not, with how often they occur."""
    counts = Counter(claim.label for claim in claims if claim.label not in known)
    if not counts:
        return []
    names = []
    for label, count in sorted(counts.items()):
        near = difflib.get_close_matches(label, known, n=1)
        names.append(f"{label!r} ({count}×{f', did you mean {near[0]!r}?' if near else ''})")
    return [
        f"labels that params.yaml does not name: {', '.join(names)}. Known: {', '.join(known)}. "
        "Correct them, or add them under `labels`."
    ]


@dataclass
class CheckedLabels:
    """The labels of one recording.

    Attributes:
        recording: which one.
        table: its label table, as far as the labels fit.
        problems: sentences on what does not.
        misplaced: whether ranges of frames lie outside the recording.
        was_cut: whether ranges that end a little late were shortened.
    """

    recording: Recording
    table: LabelTable
    problems: list[str]
    misplaced: bool = False
    was_cut: bool = False


def checked_labels(
    claims: Sequence[LabelClaim], landmarks: Path, limits: MediaParams
) -> CheckedLabels:
    """The labels of one recording, checked against its frames and each other.

    Args:
        claims: at least one, all of one recording that is known.
        landmarks: folder of landmark tables.
        limits: of videos whose frames have to be counted.
    """
    recording = claims[0].recording
    assert recording is not None  # noqa: S101 - claims without one are left out before
    checked = CheckedLabels(recording, LabelTable(recording.filename, ()), [])
    try:
        n_frames = frame_count(recording, landmarks, limits)
    except MediaError as error:
        checked.problems.append(str(error))
        return checked
    ranges = []
    for claim in claims:
        first = 0 if claim.first is None else claim.first
        last = n_frames - 1 if claim.last is None else claim.last
        if n_frames <= last < n_frames + OVERSHOOT_FRAMES:
            last, checked.was_cut = n_frames - 1, True
        if 0 <= first <= last < n_frames:
            ranges.append((LabelledRange(first, last, claim.label), claim))
        else:
            checked.misplaced = True
            checked.problems.append(
                f"{claim.where}: frames {first} to {last} of {claim.given}, which has the frames "
                f"0 to {n_frames - 1}"
            )
    merged, contradictions = _merged(ranges)
    checked.problems += [f"{recording.filename}: {text}" for text in contradictions]
    checked.table = LabelTable(recording.filename, merged)
    return checked


def _merged(
    claimed: Sequence[tuple[LabelledRange, LabelClaim]],
) -> tuple[tuple[LabelledRange, ...], list[str]]:
    """Ranges in order, those of one label that touch or overlap as one; and contradictions."""
    merged: list[tuple[LabelledRange, LabelClaim]] = []
    contradictions = []
    for labelled, claim in sorted(claimed, key=lambda item: item[0]):
        if not merged:
            merged.append((labelled, claim))
            continue
        before, claim_before = merged[-1]
        if labelled.label == before.label and labelled.first <= before.last + 1:
            together = LabelledRange(before.first, max(before.last, labelled.last), before.label)
            merged[-1] = together, claim_before
        elif labelled.first <= before.last:
            contradictions.append(
                f"frames {labelled.first} to {min(labelled.last, before.last)} are both "
                f"{before.label!r} ({claim_before.where}) and {labelled.label!r} ({claim.where})"
            )
        else:
            merged.append((labelled, claim))
    return tuple(labelled for labelled, _ in merged), contradictions


def frame_count(recording: Recording, landmarks: Path, limits: MediaParams) -> int:
    """How many frames a recording has: as many as its landmark table, else as can be decoded.

    Raises:
        MediaError: it is a video without landmarks that cannot be read.
    """
    from shared_features.media.reader import VideoReader

    if recording.kind == "photo":
        return 1
    table = landmarks_path(landmarks, recording.kind, recording.name)
    if table.is_file():
        with table.open("rb") as file:
            return sum(1 for _ in file) - 1
    with VideoReader(recording.path, limits) as reader:
        # Decoded, but not one of them is converted to a picture.
        for _ in reader.frames(start=sys.maxsize):
            pass
        return reader.verdict.frames
