"""From a table of scores or labels, and landmark tables, to labelled clips."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from shared_features.errors import TrackError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track
from shared_features.sequence.clips import square_points
from shared_features.sequence.contract import Task
from training.errors import DatasetError
from training.params import DataParams
from training.recordings.catalog import landmarks_path, listed
from training.recordings.groups import GROUPS_FILE, group_recordings, read_groups
from training.sequence.data.clips import Clip, LabelledClips
from training.sequence.data.raters import RaterReport, rater_report
from training.sequence.data.ratings import Rating, Ratings, read_ratings
from training.words import counted

_LANDMARK_SUFFIXES = frozenset({".csv"})


@dataclass(frozen=True)
class ClipTable:
    """What a table and its landmarks give.

    Attributes:
        clips: The clips with their targets.
        raters: How far raters are apart; None for labels.
        notes: Sentences for the person who trains.
    """

    clips: LabelledClips
    raters: RaterReport | None
    notes: tuple[str, ...]


def read_clips(table: Path, task: Task, data: DataParams, min_valid_share: float) -> ClipTable:
    """Read the clips that a table rates.

    The landmarks of a recording are those that extraction has kept, or the table itself names a
    landmark table.

    Args:
        table: The table.
        task: ``score`` takes scores, or correct and incorrect; ``classify`` takes labels.
        data: The folders of landmarks and groups.
        min_valid_share: Clips with a person in a smaller share of their frames are left out.

    Raises:
        LabelError: The table is damaged.
        DatasetError: Landmarks are missing, no clip is left, or the table is for the other task.
    """
    ratings = read_ratings(table)
    if (ratings.kind == "labels") != (task == "classify"):
        wanted = "label" if task == "classify" else "score or correct"
        raise DatasetError(
            f"{table} has no column {wanted}, which the task {task!r} learns from. Choose the "
            f"other task, or another table."
        )
    tracks = _tracks(table, ratings, data)
    groups = _groups(ratings.rows, data)
    by_clip: dict[tuple[str, float, float], list[Rating]] = defaultdict(list)
    for rating in ratings.rows:
        by_clip[rating.clip].append(rating)
    clips, targets, of_group, without = [], [], [], []
    for (path, start_s, end_s), rows in by_clip.items():
        clip = _clip(tracks[path], path, start_s, end_s)
        if clip is None or _person_share(clip) < min_valid_share:
            without.append(path)
            continue
        clips.append(clip)
        of_group.append(groups[path])
        points = float(np.mean([row.points for row in rows]))
        targets.append(rows[0].label if task == "classify" else points)
    notes = []
    if without:
        notes.append(
            f"Left out {counted(len(without), 'clip')} without a person in most of the frames: "
            f"{listed(sorted(without))}."
        )
    if not clips:
        raise DatasetError(f"No clip of {table} shows a person in most of its frames.")
    raters = None if task == "classify" else rater_report(ratings.rows)
    if raters is not None and raters.shared_clips == 0:
        notes.append("Every clip has one rater only, so no ceiling is known for the error.")
    return ClipTable(
        LabelledClips(tuple(clips), np.array(targets), np.array(of_group), ratings.kind),
        raters,
        tuple(notes),
    )


def _clip(track: LandmarkTrack, name: str, start_s: float, end_s: float) -> Clip | None:
    inside = (track.pts_s >= start_s) & (track.pts_s <= end_s)
    if not inside.any():
        return None
    if end_s < np.inf or start_s > 0:
        end = track.pts_s[inside][-1]
        name = f"{name} {start_s:g}-{end:.2f} s"
    return Clip(name, track.pts_s[inside], square_points(track)[inside])


def _person_share(clip: Clip) -> float:
    # A missing landmark has no x; visibility, which is seldom missing, does not tell.
    return float(1 - np.isnan(clip.points[..., 0]).all(axis=1).mean())


def _tracks(table: Path, ratings: Ratings, data: DataParams) -> dict[str, LandmarkTrack]:
    tracks, problems = {}, []
    for path in sorted({rating.path for rating in ratings.rows}):
        named = table.parent / path
        if named.suffix.lower() in _LANDMARK_SUFFIXES and named.is_file():
            source = named
        else:
            source = landmarks_path(data.landmarks, "video", PurePath(path).name)
        try:
            if not source.is_file():
                problems.append(f"{path} (no {source.name})")
                continue
            tracks[path] = read_track(source)
        except TrackError as error:
            problems.append(f"{path} ({error})")
    if problems:
        raise DatasetError(
            f"There are no landmarks in {data.landmarks} of "
            f"{counted(len(problems), 'recording')} in {table}: "
            f"{listed(problems)}. Put the recordings into {data.raw_videos} and run "
            "`straps-train process-videos` and `extract-video-landmarks`, or name landmark tables "
            "in the table."
        )
    return tracks


def _groups(rows: Sequence[Rating], data: DataParams) -> dict[str, str]:
    """Of each path: the group of the table, or else the recording with its copies."""
    keys = {row.path: f"video_{PurePath(row.path).stem}" for row in rows}
    declared = read_groups(data.labels / GROUPS_FILE)
    known = group_recordings(sorted(set(keys.values())), declared, []).of_recording
    return {row.path: row.group or known[keys[row.path]] for row in rows}
