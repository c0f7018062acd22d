"""Checks labels against params.yaml, against the recording's frames, and against each other."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import MediaError
from shared_features.params import MediaParams
from training.errors import LabelError
from training.labels.label_claims import LabelClaim
from training.labels.label_tables import LabelledRange, LabelTable
from training.recordings.catalog import Recording, landmarks_path
from training.words import counted

# Tools that multiply time by frame rate place the end of a video a frame or two too late.
OVERSHOOT_FRAMES = 2
OVERSHOOT_S = 0.1
# Times are often rounded to milliseconds.
TIME_TOLERANCE_S = 0.001


def unknown_labels(claims: Sequence[LabelClaim], known: Sequence[str]) -> list[str]:
    """A sentence about all labels that are not in params.yaml; an empty list if there are none."""
    counts = Counter(claim.label for claim in claims if claim.label not in known)
    if not counts:
        return []
    names = []
    for label, count in sorted(counts.items()):
        near = difflib.get_close_matches(label, known, n=1)
        names.append(f"{label!r} ({count:,}×{f', did you mean {near[0]!r}?' if near else ''})")
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
        misplaced: Whether ranges are outside the recording or overlap.
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
        times_s = frame_times(recording, landmarks, limits)
    except (MediaError, LabelError) as error:
        checked.problems.append(str(error))
        return checked
    n_frames = len(times_s)
    ranges = []
    for claim in claims:
        first, last = _frames_of(claim, times_s)
        if n_frames <= last < n_frames + OVERSHOOT_FRAMES:
            last, checked.was_cut = n_frames - 1, True
        if 0 <= first <= last < n_frames:
            ranges.append((LabelledRange(first, last, claim.label), claim))
        else:
            checked.misplaced = True
            checked.problems.append(_misplaced(claim, first, last, times_s))
    merged, contradictions = _merged(ranges)
    checked.misplaced |= bool(contradictions)
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


def _frames_of(claim: LabelClaim, times_s: NDArray[np.float64]) -> tuple[int, int]:
    """First and last frame of a claim; those outside the recording if the claim is outside.

    A frame belongs to a range of time if it starts in it. A range that ends before the next frame
    starts has no frames, so its last one is before its first.
    """
    if claim.start_s is None:
        first = 0 if claim.first is None else claim.first
        return first, len(times_s) - 1 if claim.last is None else claim.last
    first, end = (
        int(np.searchsorted(times_s, time_s - TIME_TOLERANCE_S))
        for time_s in (claim.start_s, np.inf if claim.end_s is None else claim.end_s)
    )
    too_late_s = 0 if claim.end_s is None else claim.end_s - _end_s(times_s)
    # Too late by more than a player's rounding: not the times of this recording.
    return first, end - 1 if too_late_s <= OVERSHOOT_S else len(times_s) + OVERSHOOT_FRAMES


def _end_s(times_s: NDArray[np.float64]) -> float:
    """The time at which the last frame ends, as long as the one before it."""
    return float(times_s[-1] + (times_s[-1] - times_s[-2] if len(times_s) > 1 else 0))


def _misplaced(claim: LabelClaim, first: int, last: int, times_s: NDArray[np.float64]) -> str:
    if claim.start_s is None:
        return (
            f"{claim.where}: frames {first} to {last} of {claim.given}, which has the frames "
            f"0 to {len(times_s) - 1}"
        )
    end = "the end" if claim.end_s is None else f"{claim.end_s:g} s"
    return (
        f"{claim.where}: no frames from {claim.start_s:g} s to {end} of {claim.given}, which lasts "
        f"{_end_s(times_s):.2f} s and has {counted(len(times_s), 'frame')}"
    )


def frame_times(recording: Recording, landmarks: Path, limits: MediaParams) -> NDArray[np.float64]:
    """Times of all frames in seconds, ``(n,)``: of the landmark table, or else of the video.

    Raises:
        MediaError: The recording is a video that has no landmarks and cannot be read.
        LabelError: Its landmark table is damaged.
    """
    from shared_features.media.video.reader import VideoReader

    if recording.kind == "photo":
        return np.zeros(1)
    table = landmarks_path(landmarks, recording.kind, recording.name)
    if table.is_file():
        try:
            with table.open(encoding="utf-8", errors="replace") as file:
                next(file)
                times = [float(line.split(",", 2)[1]) for line in file]
        except (ValueError, IndexError, StopIteration) as error:
            raise LabelError(
                f"{table} is damaged: expected a time in the second column of every line. Extract "
                "the landmarks again."
            ) from error
    else:
        with VideoReader(recording.path, limits) as reader:
            # Frames are decoded, but not converted to RGB.
            times = [frame.pts_s for frame in reader.frames()]
    if not times:
        raise LabelError(f"{recording.path} has no frames.")
    return np.array(times)
