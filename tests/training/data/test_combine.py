"""Features and labels are combined into one table, and everything left out is reported."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from shared_features.features.spec import FeatureSpec
from tests.training.data.tables import (
    KNOWN,
    SPEC,
    add_labels,
    add_landmarks,
    folders,
    make,
    make_and_combine,
    quietly,
    random_hash,
    random_track,
    same_bits,
)
from training.data.combine import combine
from training.data.dataset import FACT_COLUMNS, read_dataset
from training.errors import DatasetError, LabelError
from training.params import DataParams
from training.recordings.groups import GROUPS_FILE, DeclaredGroup, add_groups, read_groups


def labelled(data: DataParams, name: str, label: str, seed: int, hashes: int = 2) -> None:
    """A video of six frames with one label."""
    kind, name = ("photo", name) if name.endswith("jpg") else ("video", name)
    n_frames = 1 if kind == "photo" else 6
    own = [random_hash(seed * 100 + number) for number in range(hashes)]
    add_landmarks(data, kind, random_track(name, seed, n_frames), own)
    add_labels(data, kind, name, [(0, n_frames - 1, label)])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_have_their_frames_label(tmp_path: Path) -> None:
    """Rows are joined by frame number; frames without a label or a person are left out."""
    data = folders(tmp_path)
    add_landmarks(
        data, "video", random_track("a, b.mp4", 1, n_frames=8, without_person=[2]), ["ab" * 32]
    )
    add_labels(data, "video", "a, b.mp4", [(1, 3, "meathook"), (6, 6, "other")])
    combined = make_and_combine(data)
    table = rows(combined.path)
    assert tuple(table[0]) == (*FACT_COLUMNS, *SPEC.columns)
    assert [(row["frame_number"], row["augmented"], row["label"]) for row in table] == [
        (frame, augmented, label)
        for frame, label in (("1", "meathook"), ("3", "meathook"), ("6", "other"))
        for augmented in "01"
    ]
    assert {row["filename"] for row in table} == {"video_a, b.mp4"}
    assert combined.rows == 6
    assert combined.rows_per_label == {"meathook": 2, "back lever": 0, "front lever": 0, "other": 1}
    features = rows(data.features / "video_a, b_features.csv")
    by_frame = {(row["frame_number"], row["augmented"]): row for row in features}
    for row in table:
        of_frame = by_frame[row["frame_number"], row["augmented"]]
        assert all(row[column] == of_frame[column] for column in ("pts_s", *SPEC.columns))


def test_labels_fit_another_container_and_only_their_kind(tmp_path: Path) -> None:
    """Labels of `routine.mov` fit `routine.mp4`, and not the photo `routine.jpg`."""
    data = folders(tmp_path)
    add_landmarks(data, "video", random_track("routine.mp4", 1))
    add_landmarks(data, "photo", random_track("routine.jpg", 2, n_frames=1))
    add_labels(data, "video", "routine.mov", [(0, 5, "meathook")])
    combined = make_and_combine(data)
    assert {row["filename"] for row in rows(combined.path)} == {"video_routine.mp4"}
    assert any("photo_routine_features.csv" in warning for warning in combined.warnings)


def test_everything_left_out_is_reported(tmp_path: Path) -> None:
    """One warning lists files and frames without labels, and labels without features."""
    data = folders(tmp_path)
    labelled(data, "whole.mp4", "meathook", 1)
    add_landmarks(data, "video", random_track("partly.mp4", 2), ["cd" * 32])
    add_labels(data, "video", "partly.mp4", [(0, 3, "other")])
    add_landmarks(data, "video", random_track("unlabelled.mp4", 3))
    add_labels(data, "video", "no_landmarks.mp4", [(0, 3, "other")])
    add_landmarks(data, "video", random_track("short.mp4", 4), ["ef" * 32])
    add_labels(data, "video", "short.mp4", [(0, 9, "other")])
    (warning,) = make_and_combine(data).warnings
    assert "1 feature table without labels: video_unlabelled_features.csv" in warning
    assert "2 frames without a label, in video_partly_features.csv" in warning
    assert "1 label table without features: video_no_landmarks_labeled.csv" in warning
    assert "labels after the last frame: video_short.mp4 (9 of 6 frames)" in warning


def test_all_wrong_label_tables_are_named(tmp_path: Path) -> None:
    """The message names the labels that are not in params.yaml; nothing is written."""
    data = folders(tmp_path)
    labelled(data, "a.mp4", "meathook", 1)
    labelled(data, "b.mp4", "meat hook", 2)
    labelled(data, "c.mp4", "tree", 3)
    make(data)
    with pytest.raises(LabelError, match=r"video_b_labeled(.|\n)*meat hook(.|\n)*video_c_labeled"):
        combine(data, SPEC, KNOWN, quietly)
    assert not data.final_features.exists()


def test_features_of_other_settings_are_refused(tmp_path: Path) -> None:
    """The same columns with another margin are other features."""
    data = folders(tmp_path)
    labelled(data, "a.mp4", "meathook", 1)
    make(data, FeatureSpec(spatial_margin=0.2))
    with pytest.raises(DatasetError, match=r"video_a_features\.csv.*make-features"):
        combine(data, SPEC, KNOWN, quietly)


@pytest.mark.parametrize("cut", [0.5, 0.97], ids=["in the middle", "in the last row"])
def test_a_damaged_feature_table_is_named(tmp_path: Path, cut: float) -> None:
    """The earlier combined table is not changed."""
    data = folders(tmp_path)
    labelled(data, "a.mp4", "meathook", 1)
    before = make_and_combine(data).path.read_bytes()
    table = data.features / "video_a_features.csv"
    table.write_text(table.read_text()[: int(len(table.read_text()) * cut)])
    with pytest.raises(DatasetError, match=r"video_a_features\.csv.*make-features"):
        combine(data, SPEC, KNOWN, quietly)
    assert (data.final_features / "final_features.csv").read_bytes() == before
    assert not list(data.final_features.glob(".*"))


def test_nothing_in_common_is_an_error_that_names_the_tables(tmp_path: Path) -> None:
    """Names of features and of labels are listed, so that a misspelling shows."""
    data = folders(tmp_path)
    add_landmarks(data, "video", random_track("routine.mp4", 1))
    add_labels(data, "video", "rutine.mp4", [(0, 5, "other")])
    make(data)
    with pytest.raises(DatasetError, match=r"video_routine.*video_rutine"):
        combine(data, SPEC, KNOWN, quietly)


def test_labels_of_frames_without_a_person_are_an_error(tmp_path: Path) -> None:
    """An empty table would only fail later."""
    data = folders(tmp_path)
    add_landmarks(data, "video", random_track("a.mp4", 1, without_person=range(6)))
    add_labels(data, "video", "a.mp4", [(0, 5, "other")])
    make(data)
    with pytest.raises(DatasetError, match="No labelled frame shows a person"):
        combine(data, SPEC, KNOWN, quietly)


def test_groups_are_the_recording_unless_declared_or_duplicates(tmp_path: Path) -> None:
    """Copies by name, rows of groups.csv, the same file and the same images are grouped."""
    data = folders(tmp_path)
    for seed, name in enumerate(
        [
            *["solo.mp4", "flip.mp4", "mirrored_flip.mp4", "said_1.mp4", "said_2.mp4"],
            *["same_1.jpg", "same_2.jpg", "like_1.mp4", "like_2.mp4"],
            *["plank_jpg.rf.0f3a9b2c4d5e.jpg", "plank_jpg.rf.9d8e7f6a5b4c.jpg"],
        ]
    ):
        labelled(data, name, KNOWN[seed % 4], seed)
    add_groups(
        data.labels / GROUPS_FILE,
        [DeclaredGroup("video_said_1.mov", "club"), DeclaredGroup("video_said_2.mov", "club")],
    )
    for name in ("same_1", "same_2"):
        _edit_sidecar(data, f"photo_{name}", media_sha256="the same")
    _edit_sidecar(data, "video_like_1", picture_hashes=["0123456789abcdef" * 4, random_hash(77)])
    _edit_sidecar(data, "video_like_2", picture_hashes=["0123456789abcdee" * 4])
    combined = make_and_combine(data)
    group_of = {row["filename"]: row["group"] for row in rows(combined.path)}
    assert group_of["video_solo.mp4"] == "video_solo"
    assert group_of["video_flip.mp4"] == group_of["video_mirrored_flip.mp4"] == "video_flip"
    assert group_of["video_said_1.mp4"] == group_of["video_said_2.mp4"] == "club"
    assert group_of["photo_same_1.jpg"] == group_of["photo_same_2.jpg"]
    assert group_of["video_like_1.mp4"] == group_of["video_like_2.mp4"]
    assert len({group for name, group in group_of.items() if "plank" in name}) == 1
    assert len(set(group_of.values())) == 6
    assert combined.grouping.joined == {
        "copies by name": 2,
        "groups.csv": 1,
        "same file": 1,
        "same images": 1,
    }
    settings = json.loads(combined.path.with_suffix(".json").read_text())
    assert settings["near_duplicates"] == [
        ["photo_same_1", "photo_same_2", "same file"],
        ["video_like_1", "video_like_2", "same images"],
    ]


def _edit_sidecar(data: DataParams, recording: str, **facts: object) -> None:
    path = data.landmarks / f"{recording}_landmarks.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_groups_merge_across_reasons(tmp_path: Path) -> None:
    """A copy of a copy of a near-duplicate of a declared member belongs to the group."""
    data = folders(tmp_path)
    for seed, name in enumerate(["a.mp4", "b.mp4", "mirrored_b.mp4", "c.mp4", "alone.mp4"]):
        labelled(data, name, KNOWN[seed % 4], seed)
    add_groups(
        data.labels / GROUPS_FILE,
        [
            DeclaredGroup("video_a.mp4", "z"),
            DeclaredGroup("video_mirrored_b.mp4", "z"),
            DeclaredGroup("video_b.mp4", "y"),
        ],
    )
    _edit_sidecar(data, "video_mirrored_b", media_sha256="x")
    _edit_sidecar(data, "video_c", media_sha256="x")
    combined = make_and_combine(data)
    assert {row["filename"][6:]: row["group"] for row in rows(combined.path)} == {
        **dict.fromkeys(["a.mp4", "b.mp4", "mirrored_b.mp4", "c.mp4"], "y"),
        "alone.mp4": "video_alone",
    }


def test_recordings_without_image_hashes_are_named(tmp_path: Path) -> None:
    """They cannot be searched for near-duplicates."""
    data = folders(tmp_path)
    labelled(data, "a.mp4", "meathook", 1)
    labelled(data, "b.mp4", "other", 2)
    labelled(data, "c.mp4", "other", 3)
    (data.landmarks / "video_a_landmarks.json").unlink()
    _edit_sidecar(data, "video_b", picture_hashes=["no hash"])
    (warning,) = make_and_combine(data).warnings
    assert "video_a, video_b" in warning


def test_added_groups_never_remove_others(tmp_path: Path) -> None:
    """Another import cannot split a group."""
    path = tmp_path / GROUPS_FILE
    add_groups(path, [DeclaredGroup("photo_1.jpg", "a"), DeclaredGroup("photo_2.jpg", "a")])
    add_groups(path, [DeclaredGroup("photo_1.jpg", "b")])
    assert read_groups(path) == [
        DeclaredGroup("photo_1.jpg", "a"),
        DeclaredGroup("photo_1.jpg", "b"),
        DeclaredGroup("photo_2.jpg", "a"),
    ]


@pytest.mark.parametrize(
    "text", ["file,group\na,b\n", "filename,group\nphoto_1.jpg,\n", ""], ids=str
)
def test_a_damaged_table_of_groups_is_refused(tmp_path: Path, text: str) -> None:
    """A group that is silently ignored would leak."""
    (tmp_path / GROUPS_FILE).write_text(text)
    with pytest.raises(LabelError, match=GROUPS_FILE):
        read_groups(tmp_path / GROUPS_FILE)


def test_the_dataset_has_the_bits_of_the_spec(tmp_path: Path, monkeypatch) -> None:
    """From landmarks to memory through two tables, not one bit of a feature changes."""
    monkeypatch.setattr("training.data.dataset._BLOCK_BYTES", 20_000)  # many blocks
    data = folders(tmp_path)
    tracks = {}
    for seed, name in enumerate(['"a", b.mp4', "c.mp4", "mirrored_c.mp4", "d.mp4"]):
        tracks[f"video_{name}"] = track = random_track(name, seed, n_frames=20)
        track.image[3, 25:], track.world[5, 11:13] = np.nan, np.nan
        add_landmarks(data, "video", track)
        add_labels(data, "video", name, [(0, 9, "other"), (10, 19, KNOWN[seed % 2])])
    combined = make_and_combine(data)
    dataset = read_dataset(combined.path, SPEC, KNOWN)
    assert len(dataset) == combined.rows == (2 + 1 + 1 + 2) * 20
    assert dataset.labels == ("meathook", "back lever", "other")
    assert dataset.columns == SPEC.columns
    for name, track in tracks.items():
        for augmented, expected in ((False, track), (True, track.mirrored())):
            chosen = dataset.rows((dataset.filenames == name) & (dataset.augmented == augmented))
            features = SPEC.of_track(expected)[chosen.frame_numbers]
            assert same_bits(chosen.features, features)
            in_first_half = chosen.codes[chosen.frame_numbers < 10]
            assert set(in_first_half.tolist()) <= {dataset.labels.index("other")}
    assert set(dataset.groups.tolist()) == {'video_"a", b', "video_c", "video_d"}


def test_a_table_of_other_features_is_refused(tmp_path: Path) -> None:
    """The message names missing columns, or the other hash if only a margin differs."""
    data = folders(tmp_path)
    labelled(data, "a.mp4", "meathook", 1)
    angles = FeatureSpec(groups=("angles",))
    path = make_and_combine(data, angles).path
    with pytest.raises(DatasetError, match="combine-features"):
        read_dataset(path, SPEC, KNOWN)
    path.with_suffix(".json").unlink()
    with pytest.raises(DatasetError, match=r"lacks spatial_left_knee_hip.*make-features"):
        read_dataset(path, SPEC, KNOWN)
    assert read_dataset(path, angles, KNOWN).features.shape == (12, 10)
    path = make_and_combine(data, FeatureSpec(spatial_margin=0.3)).path
    with pytest.raises(DatasetError, match="other feature settings"):
        read_dataset(path, SPEC, KNOWN)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.splitlines()[0] + "\n", "has no rows"),
        (lambda text: "", "lacks filename"),
        (lambda text: text[: len(text) * 2 // 3], "cannot be read"),
        (lambda text: text.replace(",above,", ",higher,", 1), "higher"),
        (lambda text: text.replace(",meathook,", ",meat hook,", 1), "meat hook"),
        (lambda text: text.replace(",0,", ",yes,", 1), "cannot be read"),
    ],
    ids=["no rows", "empty", "cut off", "another word", "another label", "no number"],
)
def test_a_damaged_table_is_refused(tmp_path: Path, damage, message: str) -> None:
    """The message names the file and what is wrong with it."""
    data = folders(tmp_path)
    labelled(data, "a.mp4", "meathook", 1)
    path = make_and_combine(data).path
    path.write_text(damage(path.read_text()))
    with pytest.raises(DatasetError, match=rf"final_features(.|\n)*{message}"):
        read_dataset(path, SPEC, KNOWN)


def test_a_missing_table_names_the_commands_that_make_it(tmp_path: Path) -> None:
    """The message names the commands that have to run first."""
    with pytest.raises(DatasetError, match=r"make-features.*\n?.*combine-features"):
        read_dataset(tmp_path / "final_features.csv", SPEC, KNOWN)
