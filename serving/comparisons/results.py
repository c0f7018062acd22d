"""What was found about two recordings, as JSON and CSV."""

import csv
import json
from pathlib import Path
from typing import Any

from shared_features.alignment.alignment import Alignment
from shared_features.alignment.moments import REASONS, Moment
from shared_features.runtime.atomic import atomic_write

SPLITS_JSON, SPLITS_CSV = "splits.json", "splits.csv"
_COLUMNS = ("number", "reference_s", "target_s", "difference_s", "confidence", "found", "reason")


def splits_content(
    reference: str, target: str, alignment: Alignment, moments: list[Moment]
) -> dict[str, Any]:
    """Everything that was found, as plain values."""
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
        "splits": [_row(number, moment) for number, moment in enumerate(moments, start=1)],
    }


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
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(content["splits"])
    return [json_path, csv_path]


def _row(number: int, moment: Moment) -> dict[str, Any]:
    found = moment.target_s is not None
    return {
        "number": number,
        "reference_s": round(moment.reference_s, 3),
        "target_s": None if moment.target_s is None else round(moment.target_s, 3),
        "difference_s": (
            None if moment.target_s is None else round(moment.target_s - moment.reference_s, 3)
        ),
        "confidence": round(moment.confidence, 3),
        "found": found,
        "reason": None if moment.reason is None else REASONS[moment.reason],
    }
