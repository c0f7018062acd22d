"""Tables of scores, and how far their raters are apart."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.sequence.movements import labelled_clips, write_table
from training.errors import DatasetError, LabelError
from training.params import load_training
from training.sequence.data.raters import rater_report
from training.sequence.data.ratings import read_ratings
from training.sequence.data.reading import read_clips
from training.sequence.data.splits import split_clips


def table(folder: Path, text: str) -> Path:
    path = folder / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_problems_of_a_table_are_reported_at_once(tmp_path: Path) -> None:
    """With their lines."""
    path = table(
        tmp_path,
        "path,score,rater,start_s,end_s\n"
        "a.mp4,101,ann,,\n"
        "b.mp4,nan,ann,,\n"
        ",50,ann,,\n"
        "c.mp4,50,ann,3,1\n"
        "d.mp4,50,ann,,\n"
        "d.mp4,60,ann,,\n",
    )
    with pytest.raises(LabelError) as caught:
        read_ratings(path)
    for part in (
        "5 problems",
        "line 2 has the score '101', expected a number from 0 to 100",
        "line 3 has the score 'nan'",
        "line 4 has no path",
        "line 5 is from '3' to '1' s",
        "line 7 rates d.mp4 again by ann, after line 6",
    ):
        assert part in str(caught.value)


def test_a_table_needs_a_path_and_one_kind_of_target(tmp_path: Path) -> None:
    """Neither none nor two."""
    for header in ("path,points", "path,score,label", "video,score"):
        with pytest.raises(LabelError, match="one of 'score', 'correct' and 'label'"):
            read_ratings(table(tmp_path, header + "\n"))
    assert read_ratings(table(tmp_path, "path,correct\na,yes\nb,0\n")).kind == "correct"


def test_the_ceiling_is_the_error_of_the_mean_of_the_raters(tmp_path: Path) -> None:
    """Raters with known errors: the report finds their generosity, distance and the ceiling."""
    random = np.random.default_rng(4)
    truth = random.uniform(20, 80, 500)
    rows = [
        f"clip{n},{points:.4f},{name}"
        for name, bias in (("ann", 5.0), ("ben", -5.0), ("cem", 0.0))
        for n, points in enumerate(truth + bias + random.normal(0, 6, 500))
    ]
    ratings = read_ratings(table(tmp_path, "path,score,rater\n" + "\n".join(rows) + "\n"))
    report = rater_report(ratings.rows)
    assert [rater.generosity for rater in report.raters] == pytest.approx([7.5, -7.5, 0], abs=1)
    assert report.same_generosity < report.mean_difference
    expected_spread = np.sqrt((6**2 + 25) / 3)  # errors and generosities, of three raters
    assert report.spread_of_the_mean == pytest.approx(expected_spread, rel=0.1)
    assert "none can show less" in report.lines()[-1]


def test_one_rater_alone_says_that_there_is_no_ceiling(tmp_path: Path) -> None:
    """Instead of a number."""
    report = rater_report(read_ratings(table(tmp_path, "path,score\na,1\nb,2\n")).rows)
    assert "Without a second rater it is unknown" in report.lines()[-1]


def test_clips_come_from_landmark_tables(tmp_path: Path) -> None:
    """Scores of several raters are averaged; clips without a person are left out and named."""
    data = labelled_clips("points", 4)
    path = write_table(data, tmp_path, "score")
    folders = load_training().data
    read = read_clips(path, "score", folders, 0.5)
    assert read.clips.targets == pytest.approx(data.targets)
    assert list(read.clips.groups) == list(data.groups)
    names = [f"video_clip_{n}_landmarks.csv" for n in range(2)]
    two = f"path,score,rater,end_s\n{names[0]},50,ann,0.1\n{names[0]},70,ben,0.1\n"
    read = read_clips(table(tmp_path, two), "score", folders, 0.5)
    assert read.clips.targets.tolist() == [60.0]
    assert len(read.clips.clips[0].pts_s) == 4
    assert read.raters is not None
    assert read.raters.shared_clips == 1
    with pytest.raises(DatasetError, match="No clip of"):
        read_clips(
            table(tmp_path, f"path,score,start_s\n{names[0]},50,99\n"), "score", folders, 0.5
        )
    with pytest.raises(DatasetError, match=r"(?s)no landmarks.*gone.mp4.*extract-video"):
        read_clips(table(tmp_path, "path,score\ngone.mp4,5\n"), "score", folders, 0.5)
    with pytest.raises(DatasetError, match="has no column label"):
        read_clips(path.with_name("scores.csv"), "classify", folders, 0.5)


def test_no_group_is_on_two_sides_of_a_split() -> None:
    """And each part has about its share."""
    for kind in ("points", "labels", "correct"):
        data = labelled_clips(kind, 96)
        split = split_clips(data, 0.25, 0.25, seed=3)
        parts = [set(data.groups[rows]) for rows in (split.train, split.validation, split.test)]
        assert set.union(*parts) == set(data.groups)
        assert sum(len(part) for part in parts) == len(set(data.groups))
        assert [len(part) for part in parts] == [6, 3, 3]
    with pytest.raises(DatasetError, match="at least three are needed"):
        split_clips(data.rows([0, 12, 1, 13]), 0.25, 0.25, seed=3)
