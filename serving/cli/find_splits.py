"""``straps-serve find-splits``: key moments of a reference in another recording of the routine."""

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from serving.cli.analyze import clock
from serving.comparisons.results import splits_content, write_splits
from serving.comparisons.tracks import looks_of, track_of
from serving.errors import ServingError
from serving.settings import load_settings
from shared_features.alignment.alignment import align, align_poses
from shared_features.alignment.annotations import (
    DEFAULT_FPS,
    AnnotatedRecording,
    checked_times,
    read_recordings,
)
from shared_features.alignment.backbone import Backbone
from shared_features.alignment.moments import find_moments
from shared_features.errors import AnnotationError, WorkerDiedError
from shared_features.runtime.worker_process import WorkerProcess

Features = Literal["pose", "frame"]

# The samples of a recording end up to one of their steps before it does.
_ROUNDING_S = 0.05


class SplitFinder:
    """Finds moments; lives in a worker process, because videos can crash their decoder."""

    def find(
        self,
        reference: Path,
        target: Path,
        splits_s: Sequence[float],
        features: Features,
        backbone: Path | None,
        params: Path | None,
    ) -> dict[str, Any]:
        """What is found, as plain values.

        Raises:
            StrapsError: A recording cannot be read or compared, or a split is past its end.
        """
        shared = load_settings(params).shared
        if features == "pose":
            track = track_of(reference, shared)
            _refuse_late(reference, float(track.pts_s[-1]), splits_s)
            alignment = align_poses(track, track_of(target, shared))
        else:
            describe = None if backbone is None else Backbone(backbone)
            first = looks_of(reference, shared, describe)
            _refuse_late(reference, first.duration_s + _ROUNDING_S, splits_s)
            alignment = align(first, looks_of(target, shared, describe))
        moments = find_moments(alignment, splits_s)
        return splits_content(reference.name, target.name, alignment, moments)


def _refuse_late(reference: Path, duration_s: float, splits_s: Sequence[float]) -> None:
    late = [time_s for time_s in splits_s if time_s > duration_s]
    if late:
        raise AnnotationError(
            f"{reference.name} lasts {duration_s:.2f} s, but "
            f"{', '.join(f'{time_s:.2f}' for time_s in late)} s are given as splits. Check "
            "their times, and that they belong to this recording."
        )


def find_splits(
    reference: Path,
    target: Path,
    splits: str | None,
    recordings: Path | None,
    fps: str,
    features: Features,
    backbone: Path | None,
    out: Path | None,
    params: Path | None,
) -> None:
    """Find the splits, write them and print a table.

    Args:
        reference: Path of the recording whose splits are known: a video or a landmark table.
        target: Path of the other one.
        splits: Times of the splits, separated by commas.
        recordings: Path of a ``recordings.yaml`` that has the splits of the reference instead.
        fps: Frames per second of times given as MM:SS:FF.
        features: What is compared: the poses, or what the frames look like.
        backbone: ONNX network that describes a frame; None for a description without weights.
        out: Folder for the results.
        params: Path of a settings file.

    Raises:
        StrapsError: Something given cannot be used.
    """
    splits_s = _given_splits(reference, splits, recordings, fps)
    with WorkerProcess(SplitFinder, fork=True) as worker:
        try:
            content = worker.call("find", reference, target, splits_s, features, backbone, params)
        except WorkerDiedError as error:
            raise ServingError(
                f"One of the recordings crashed the program that reads it. {error} Convert it, "
                "for example with ffmpeg, and try again."
            ) from error
    folder = out or Path("out") / f"{reference.stem}-{target.stem}"
    try:
        written = write_splits(content, folder)
    except OSError as error:
        raise ServingError(
            f"The results cannot be written to {folder} ({error.strerror or error}). Choose "
            "another folder with --out."
        ) from error
    _report(content)
    print(f"Written to {folder}: {', '.join(path.name for path in written)}.")


def _given_splits(
    reference: Path, splits: str | None, recordings: Path | None, fps: str
) -> tuple[float, ...]:
    """Times of the splits of the reference in seconds.

    Raises:
        AnnotationError: None are given, or they are not valid.
    """
    if (splits is None) == (recordings is None):
        raise AnnotationError(
            "The splits of the reference are needed once: give their times with --splits, such as "
            "--splits 3.2,8.5 or --splits 00:03:05,00:08:12, or a file that has them with "
            "--recordings."
        )
    if recordings is not None:
        return _annotated(reference, recordings).splits_s
    problems: list[str] = []
    try:
        rate = Fraction(fps)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        problems.append(f"--fps is {fps!r}, expected a number above 0, such as {DEFAULT_FPS}")
        rate = DEFAULT_FPS
    values = [value.strip() for value in (splits or "").split(",") if value.strip()]
    times_s = checked_times(values, rate, "", problems)
    if not values:
        problems.append("--splits has no time")
    if problems:
        raise AnnotationError("The splits are not valid:\n" + "\n".join(f"  {p}" for p in problems))
    return times_s


def _annotated(reference: Path, recordings: Path) -> AnnotatedRecording:
    known = read_recordings(recordings)
    for recording in known:
        place = recordings.parent / recording.location
        if reference.resolve() == place.resolve() or reference.name == recording.location:
            return recording
    listing = ", ".join(recording.location for recording in known[:5])
    raise AnnotationError(
        f"{recordings} has no splits of {reference}. It has those of {listing}"
        f"{' and others' if len(known) > 5 else ''}. Give one of them as --reference."
    )


def _report(content: dict[str, Any]) -> None:
    console = Console(file=sys.stdout, highlight=False)
    fit = content["fit"]
    numbers = f"distance {fit['distance']:.2f}, Kendall's tau {fit['kendall_tau']:.2f}"
    if not content["same_routine"]:
        print(f"These do not look like the same routine ({numbers}), so no split was searched for.")
        return
    table = Table("split", title="Splits", title_justify="left")
    for column in ("reference", "target", "confidence"):
        table.add_column(column, justify="right")
    table.add_column("")
    for row in content["splits"]:
        target = "not found" if row["target_s"] is None else clock(row["target_s"])
        table.add_row(
            str(row["number"]),
            clock(row["reference_s"]),
            target,
            f"{row['confidence']:.0%}",
            row["reason"] or "",
        )
    console.print(table)
    mirrored = " The target was flipped left to right to fit." if content["mirrored"] else ""
    print(f"The same routine ({numbers}).{mirrored}")
