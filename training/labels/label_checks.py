"""Checks labels against params.yaml, against the recording's frames, and against each other."""

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

# Tools that multiply time by frame rate place the end of a video a frame or two too late.
OVERSHOOT_FRAMES = 2


def unknown_labels(claims: Sequence[LabelClaim], known: Sequence[str]) -> list[str]:
    """A sentence about all labels that are not in params.yaml; an empty list if there are none."""
    counts = Counter(claim.label for claim in claims if claim.label not in known)
    if not counts:
        return []
    names = []
    for label, count in sorted(counts.items()):
        near = difflib.get_close_matches(label, known, n=1)
        names.append(f"{label!r} ({count}×{f', did you mean {near[0]!r}?' if near else ''})")
    return [
        f"labels that are not in params.yaml: {', '.join(names)}. Known: {', '.join(known)}. "
        "Correct them, or add them under `labels`."
    ]


@dataclass
class CheckedLabels:
    """The labels of one recording after the checks.

    Attributes:
        recording: Labelled recording.
        table: Label table with the labels that passed.
        problems: Sentences about the labels that did not.
        misplaced: Whether ranges of frames are outside the recording.
        was_cut: Whether ranges that end slightly late were shortened.
    """

    recording: Recording
    table: LabelTable
    problems: list[str]
    misplaced: bool = False
    was_cut: bool = False


def checked_labels(
    claims: Sequence[LabelClaim], landmarks: Path, limits: MediaParams
) -> CheckedLabels:
    """Check the labels of one recording against its frames and each other.

    Args:
        claims: Labels of one known recording, at least one.
        landmarks: Folder of landmark tables.
        limits: Limits for videos whose frames have to be counted.
    """
    recording = claims[0].recording
    assert recording is not None  # noqa: S101 - the caller skips claims without one
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
    """Sorted ranges, adjacent ones of one label merged; and sentences about contradictions."""
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
    """Number of frames of a recording: rows of its landmark table, or else frames decoded.

    Raises:
        MediaError: The recording is a video that has no landmarks and cannot be read.
    """
    from shared_features.media.video.reader import VideoReader

    if recording.kind == "photo":
        return 1
    table = landmarks_path(landmarks, recording.kind, recording.name)
    if table.is_file():
        with table.open("rb") as file:
            return sum(1 for _ in file) - 1
    with VideoReader(recording.path, limits) as reader:
        # All frames are decoded, but none is converted to RGB.
        for _ in reader.frames(start=sys.maxsize):
            pass
        return reader.verdict.frames
