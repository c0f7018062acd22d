"""``straps-serve find-splits`` on landmark tables, which need no pose model."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.landmarks.track_csv import write_track
from training.synthetic.routines import perform, random_routine


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a routine, a faster copy of it, another routine, and no one at all."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(4)
    performed = perform(random_routine(rng, 3), rng, fps=12.5)
    reference = performed.track
    other = perform(random_routine(rng, 3), rng, fps=12.5).track
    empty = empty_landmarks(len(reference))
    for name, track in (
        ("reference", reference),
        ("faster", replace(reference, pts_s=reference.pts_s / 1.25)),
        ("other", other),
        ("empty", replace(reference, source="empty.mp4", image=empty[0], world=empty[1])),
    ):
        write_track(track, folder / f"{name}_landmarks.csv")
    times = ", ".join(f"{time_s:.3f}" for time_s in performed.moments_s)
    (folder / "recordings.yaml").write_text(
        "recordings:\n"
        f"  - {{routine: r, performer: p, path: reference_landmarks.csv, splits: [{times}]}}\n"
    )
    return folder


def find(folder: Path, target: str, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [
        *(sys.executable, "-m", "serving.cli.main", "find-splits"),
        *("--reference", str(folder / "reference_landmarks.csv")),
        *("--target", str(folder / target), "--out", str(folder / "out"), *more),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_the_splits_of_a_file_are_found_and_written(tables: Path) -> None:
    """The table, the JSON and the CSV say the same."""
    done = find(tables, "faster_landmarks.csv", "--recordings", str(tables / "recordings.yaml"))
    assert done.returncode == 0, done.stderr
    assert "The same routine" in done.stdout
    content = json.loads((tables / "out" / "splits.json").read_text())
    assert content["same_routine"] is True
    for split in content["splits"]:
        assert split["found"]
        assert split["target_s"] == pytest.approx(split["reference_s"] / 1.25, abs=0.1)
    with (tables / "out" / "splits.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["target_s"]) for row in rows] == [
        split["target_s"] for split in content["splits"]
    ]


def test_another_routine_is_an_answer(tables: Path) -> None:
    """It is no error, and no split is made up."""
    done = find(tables, "other_landmarks.csv", "--splits", "2.0")  # a single split
    assert done.returncode == 0, done.stderr
    assert "do not look like the same routine" in done.stdout
    (split,) = json.loads((tables / "out" / "splits.json").read_text())["splits"]
    assert split["target_s"] is None
    assert split["reason"] == "the two recordings do not show the same routine"


@pytest.mark.parametrize(
    ("target", "more", "message"),
    [
        ("gone.mp4", ["--splits", "1"], "There is no recording"),
        ("empty_landmarks.csv", ["--splits", "1"], "No person was found in empty.mp4"),
        ("faster_landmarks.csv", ["--splits", "2,1"], "does not come after"),
        ("faster_landmarks.csv", ["--splits", "1,999"], "999.00 s are given as splits"),
        ("faster_landmarks.csv", ["--splits", "00:00:30"], "has frame 30"),
        ("faster_landmarks.csv", [], "--splits"),
    ],
    ids=["gone", "no person", "out of order", "past the end", "frame too high", "none given"],
)
def test_what_cannot_be_used_is_said(
    tables: Path, target: str, more: list[str], message: str
) -> None:
    """A message and exit code 2, no traceback."""
    done = find(tables, target, *more)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
