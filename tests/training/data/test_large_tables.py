"""Large tables: thinned for learning, and read from a copy of their numbers."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.tables import (
    KNOWN,
    SPEC,
    add_labels,
    add_landmarks,
    folders,
    make_and_combine,
    random_track,
    same_bits,
)
from training.data import stored_dataset
from training.data.dataset import DATASET_FILE, Dataset, read_dataset
from training.data.stored_dataset import stored_file
from training.data.thinning import kept_rows


def table(*recordings: tuple[str, list[int]]) -> Dataset:
    """Rows with the labels of each recording, each followed by its mirrored row."""
    codes = np.array([code for _, labels in recordings for code in labels for _ in (0, 1)])
    names = np.array([name for name, labels in recordings for _ in labels for _ in (0, 1)])
    frames = np.array([n for _, labels in recordings for n in range(len(labels)) for _ in (0, 1)])
    return Dataset(
        ("x",),
        ("a", "b"),
        np.zeros((len(codes), 1), dtype=np.float32),
        codes,
        names,
        names,
        frames,
        np.tile([False, True], len(codes) // 2),
    )


def test_every_recording_is_thinned_alike() -> None:
    """A frame stays with its mirrored row, a short stretch and a photo stay, others get sparser."""
    data = table(
        ("video_long.mp4", [0] * 600 + [1] * 3 + [0] * 397),
        ("photo_1.jpg", [1]),
        ("video_b.mp4", [0] * 100),
    )
    kept = kept_rows(data, 250)
    assert np.array_equal(kept[::2], kept[1::2]), "a frame and its mirrored row stay together"
    assert 150 < kept.sum() <= 250
    rows = data.rows(kept)
    shares = [
        (rows.filenames == name).sum() / (data.filenames == name).sum()
        for name in ("video_long.mp4", "video_b.mp4")
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.03)
    assert (rows.filenames == "photo_1.jpg").sum() == 2
    assert rows.codes[rows.filenames == "video_long.mp4"].any(), "the short stretch is there"


def test_small_tables_are_learned_from_whole() -> None:
    """So are all tables if there is no limit."""
    data = table(("video_a.mp4", [0] * 20 + [1] * 20))
    assert kept_rows(data, len(data)).all()
    assert kept_rows(data, None).all()
    assert not kept_rows(data, len(data) - 1).all()


def test_the_stored_numbers_are_those_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit; a table that has changed since is read itself."""
    monkeypatch.setattr(stored_dataset, "_WORTH_STORING_BYTES", 0)
    data = folders(tmp_path)
    for number in range(3):
        add_landmarks(data, "video", random_track(f"{number}.mp4", number))
        labels = [(0, 2, "meathook"), (3, 5, KNOWN[number])]
        add_labels(data, "video", f"{number}.mp4", labels)
    make_and_combine(data)
    path = data.final_features / DATASET_FILE
    first = read_dataset(path, SPEC, KNOWN)
    assert stored_file(path).is_file()
    monkeypatch.setattr("training.data.dataset._blocks", None)
    again = read_dataset(path, SPEC, KNOWN)
    assert same_bits(again.features, first.features)
    for name in ("codes", "groups", "filenames", "frame_numbers", "augmented", "labels"):
        assert np.array_equal(getattr(again, name), getattr(first, name)), name
    monkeypatch.undo()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-2]), encoding="utf-8")
    assert len(read_dataset(path, SPEC, KNOWN)) == len(first) - 2
