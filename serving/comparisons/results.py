"""What was found about two recordings, as JSON and CSV."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.alignment import Alignment
from shared_features.alignment.difference import late_s, pose_difference_deg
from shared_features.alignment.moments import REASONS, Moment
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.runtime.atomic import atomic_write

FloatArray = NDArray[np.float64]

SPLITS_JSON, SPLITS_CSV = "splits.json", "splits.csv"
# Points of the curve: at most this many per second, and in all.
_POINTS_HZ, _MOST_POINTS = 10, 2000
SPLIT_COLUMNS = ("number", "reference_s", "target_s", "late_s", "confidence", "found", "reason")


def splits_content(
    reference: str, target: str, alignment: Alignment, moments: list[Moment]
) -> dict[str, Any]:
    """Everything that was found, as plain values.

    Lateness counts from the first split that was found.
    """
    since_s = first_found_s(moments)
    return {
        "reference": reference,
        "target": target,
        "same_routine": alignment.fit.same_routine,
        "fit": {
            "confidence": round(alignment.fit.confidence, 4),
            "distance": round(alignment.fit.distance, 4),
            "kendall_tau": round(alignment.fit.kendall_tau, 4),
        },
        "mirrored": alignment.mirrored,
        "splits": [
            _row(number, moment, since_s, alignment)
            for number, moment in enumerate(moments, start=1)
        ],
    }


def comparison_content(
    names: tuple[str, str],
    tracks: tuple[LandmarkTrack, LandmarkTrack],
    alignment: Alignment,
    moments: list[Moment],
) -> dict[str, Any]:
    """What ``splits_content`` says, with the course of time and pose over the reference."""
    reference, target = tracks
    content = splits_content(*names, alignment, moments)
    duration_s = float(reference.pts_s[-1])
    times_s = np.linspace(0, duration_s, min(_MOST_POINTS, 1 + round(duration_s * _POINTS_HZ)))
    found = np.flatnonzero(np.isfinite(alignment.target_s))
    since_s = first_found_s(moments)
    if since_s is None:
        since_s = float(alignment.reference_s[found[0]])
    difference = pose_difference_deg(reference, target, alignment, times_s)
    mean = float(np.nanmean(difference)) if np.isfinite(difference).any() else None
    return content | {
        "reference_duration_s": round(duration_s, 3),
        "target_duration_s": round(float(target.pts_s[-1]), 3),
        "pose_difference_deg": None if mean is None else round(mean, 1),
        "curve": {
            "reference_s": _rounded(times_s, 3),
            "target_s": _rounded(alignment.at(times_s), 3),
            "late_s": _rounded(late_s(alignment, times_s, since_s), 3),
            "pose_difference_deg": _rounded(difference, 1),
        },
    }


def _rounded(values: FloatArray, digits: int) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), digits) for value in values]


def write_splits(content: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``splits.json`` and ``splits.csv``; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    json_path, csv_path = folder / SPLITS_JSON, folder / SPLITS_CSV
    with atomic_write(json_path) as temporary:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8")
    with (
        atomic_write(csv_path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, SPLIT_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(content["splits"])
    return [json_path, csv_path]


def first_found_s(moments: list[Moment]) -> float | None:
    """Time in the reference of the first moment that was found."""
    return next((moment.reference_s for moment in moments if moment.target_s is not None), None)


def _row(
    number: int, moment: Moment, since_s: float | None, alignment: Alignment
) -> dict[str, Any]:
    late = target = None
    if moment.target_s is not None and since_s is not None:
        target = round(moment.target_s, 3)
        at = np.array([moment.reference_s])
        late = round(float(late_s(alignment, at, since_s)[0]), 3)
    return {
        "number": number,
        "reference_s": round(moment.reference_s, 3),
        "target_s": target,
        "late_s": late,
        "confidence": round(moment.confidence, 3),
        "found": target is not None,
        "reason": None if moment.reason is None else REASONS[moment.reason],
    }
