"""Mirrored copies have the labels of their originals."""

from pathlib import Path

import pytest

from tests.training.data.tables import KNOWN, add_labels, folders
from training.errors import LabelError
from training.labels.label_tables import LabelledRange, read_labels
from training.labels.mirrored_labels import apply_mirror_labels


def test_copies_get_their_originals_labels(tmp_path: Path) -> None:
    """Tables have the copies' names and are kept up to date; copies without labels are named."""
    data = folders(tmp_path)
    for path in (
        data.interim_videos / "mirrored_routine.mp4",
        data.interim_videos / "routine.mp4",
        data.interim_photos / "mirrored_hook.jpg",
        data.interim_photos / "mirrored_unlabelled.jpg",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    add_labels(data, "video", "routine.mov", [(0, 3, "meathook"), (6, 9, "other")])
    add_labels(data, "photo", "hook.jpg", [(0, 0, "meathook")])
    applied = apply_mirror_labels(data, KNOWN)
    assert (applied.written, applied.up_to_date) == (2, 0)
    assert applied.without_labels == ("mirrored_unlabelled.jpg",)
    copy = read_labels(data.labels / "video_mirrored_routine_labeled.csv")
    assert copy.filename == "video_mirrored_routine.mp4"
    assert copy.ranges == (LabelledRange(0, 3, "meathook"), LabelledRange(6, 9, "other"))
    assert apply_mirror_labels(data, KNOWN).up_to_date == 2
    add_labels(data, "video", "routine.mov", [(0, 9, "other")])
    assert apply_mirror_labels(data, KNOWN).written == 1
    copy = read_labels(data.labels / "video_mirrored_routine_labeled.csv")
    assert copy.ranges == (LabelledRange(0, 9, "other"),)


def test_wrong_labels_are_not_copied(tmp_path: Path) -> None:
    """The message names all tables with unknown labels."""
    data = folders(tmp_path)
    data.interim_videos.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (data.interim_videos / f"mirrored_{name}").touch()
        add_labels(data, "video", name, [(0, 3, "tree")])
    with pytest.raises(LabelError, match=r"video_a_labeled(.|\n)*video_b_labeled"):
        apply_mirror_labels(data, KNOWN)
    assert not (data.labels / "video_mirrored_a_labeled.csv").exists()


def test_without_copies_nothing_happens(tmp_path: Path) -> None:
    """Copies are optional, so their absence is not an error."""
    applied = apply_mirror_labels(folders(tmp_path), KNOWN)
    assert (applied.written, applied.up_to_date, applied.without_labels) == (0, 0, ())
