"""Labels made elsewhere become label tables, or a list of all that is wrong with them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shared_features.params import MediaParams
from tests.clips import write_video
from tests.training.data.tables import KNOWN, add_labels, add_landmarks, folders, random_track
from tests.training.data.tables import quietly as no_progress
from training.errors import LabelError
from training.labels.imports.label_columns import LabelColumns
from training.labels.imports.label_csv import TableReading
from training.labels.imports.label_import import Imported, ImportRequest, import_labels
from training.labels.label_tables import LabelledRange, read_labels
from training.params import DataParams
from training.recordings.catalog import find_recordings
from training.recordings.groups import DeclaredGroup, read_groups

LIMITS = MediaParams(max_photo_pixels=10**7, max_video_pixels=10**7, max_duration_s=60)


def photo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)
    return path


def video(path: Path, n_frames: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [np.zeros((16, 16, 3), dtype=np.uint8)] * n_frames
    return write_video(path, images, [number / 25 for number in range(n_frames)])


def run(source: Path, data: DataParams, media: Sequence[Path] = (), **options: Any) -> Imported:
    return import_labels(ImportRequest(source, media, **options), data, KNOWN, LIMITS, no_progress)


def ranges(data: DataParams, table: str) -> list[tuple[int, int, str]]:
    found = read_labels(data.labels / f"{table}_labeled.csv", KNOWN).ranges
    return [(labelled.first, labelled.last, labelled.label) for labelled in found]


def csv_file(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def task(media: str, *spans: tuple[int, int, str], **more: Any) -> dict[str, Any]:
    """A task in the format of a Label Studio export."""
    result = [
        {
            "value": {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]},
            "id": "a1",
            "from_name": "timeline",
            "to_name": "video",
            "type": "timelinelabels",
            "origin": "manual",
        }
        for start, end, label in spans
    ]
    return {
        "id": 12,
        "data": {"video": media},
        "annotations": [{"id": 1, "was_cancelled": False, "result": result}],
        "predictions": [],
    } | more


def export(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def test_a_folder_per_label(tmp_path: Path) -> None:
    """Photos and videos are named as in the stages before extraction."""
    source, data = tmp_path / "poses", folders(tmp_path / "data")
    photo(source / "meathook" / "1.jpg")
    photo(source / "back lever" / "1.jpg")
    photo(source / "back lever" / "monday" / "2.PNG")
    video(source / "other" / "walk.mp4", 7)
    photo(source / "stray.jpg")
    imported = run(source, data)
    assert imported.written == 4
    assert imported.frames_per_label == {"meathook": 1, "back lever": 2, "other": 7}
    assert ranges(data, "photo_meathook__1") == [(0, 0, "meathook")]
    assert ranges(data, "photo_back lever__monday__2") == [(0, 0, "back lever")]
    assert ranges(data, "video_other__walk") == [(0, 6, "other")]
    named = {recording.stem for recording in find_recordings(source, "photo")}
    assert {"meathook__1", "back lever__1", "back lever__monday__2"} <= named
    assert "stray.jpg" in imported.warnings[0]


def test_recordings_in_a_data_folder_are_named_as_there(tmp_path: Path) -> None:
    """A labelled part of the raw folder is processed together with the others."""
    data = folders(tmp_path)
    photo(data.raw_photos / "labelled" / "meathook" / "1.jpg")
    run(data.raw_photos / "labelled", data)
    assert ranges(data, "photo_labelled__meathook__1") == [(0, 0, "meathook")]
    csv_file(tmp_path / "labels.csv", "path,label", "raw_photos/labelled/meathook/1.jpg,other")
    imported = run(tmp_path / "labels.csv", data)
    assert imported.kept == ("photo_labelled__meathook__1_labeled.csv",)


def test_all_unknown_labels_are_named_with_their_counts(tmp_path: Path) -> None:
    """The message suggests the closest known label; nothing is written."""
    source, data = tmp_path / "poses", folders(tmp_path / "data")
    photo(source / "meathook" / "1.jpg")
    photo(source / "Meathook" / "2.jpg")
    photo(source / "Meathook" / "3.jpg")
    photo(source / "tree" / "1.jpg")
    with pytest.raises(LabelError, match=r"'Meathook' \(2×, did you mean 'meathook'\?\), 'tree'"):
        run(source, data)
    assert not data.labels.exists()


def test_a_csv_file_with_ranges_and_groups(tmp_path: Path) -> None:
    """Frames count from 0, the last one is included, and adjacent ranges are merged."""
    data = folders(tmp_path / "data")
    source = tmp_path / "club"
    video(source / "clips" / "a.mp4", 20)
    photo(source / "1.jpg")
    table = csv_file(
        source / "labels.csv",
        "path,label,group,first_frame,last_frame",
        "clips/a.mp4,other,7,10,14",
        "clips/a.mp4,meathook,7,0,4",
        "clips/a.mp4,meathook,7,5,9",
        "clips/a.mp4,meathook,7,8,9",
        "1.jpg,back lever,8,,",
        "1.jpg,back lever,,,",
        "2.jpg,,,,",
    )
    imported = run(table, data)
    assert ranges(data, "video_clips__a") == [(0, 9, "meathook"), (10, 14, "other")]
    assert ranges(data, "photo_1") == [(0, 0, "back lever")]
    assert read_groups(data.labels / "groups.csv") == [
        DeclaredGroup("photo_1.jpg", "club/8"),
        DeclaredGroup("video_clips__a.mp4", "club/7"),
    ]
    assert (imported.written, imported.grouped) == (2, 2)
    assert "1 row without a label" in imported.warnings[0]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    """The table that `synth video` writes has a row per frame."""
    data = folders(tmp_path / "data")
    video(tmp_path / "a.mp4", 4)
    lines = [f"{frame},a.mp4,{'other' if frame < 2 else 'meathook'},0.1" for frame in range(4)]
    table = csv_file(tmp_path / "labels.csv", "frame_number,filename,label,pts_s", *lines)
    run(table, data)
    assert ranges(data, "video_a") == [(0, 1, "other"), (2, 3, "meathook")]
    csv_file(table, "which,pose of the day,when", "a.mp4,other,1", "a.mp4,meathook,2")
    with pytest.raises(LabelError, match=r"which one is the path(.|\n)*--path-column"):
        run(table, data)
    columns = LabelColumns(path="which", label="pose of the day", frame="when")
    run(table, data, reading=TableReading(columns, frames_from=1), replace=True)
    assert ranges(data, "video_a") == [(0, 0, "other"), (1, 1, "meathook")]


def test_media_folders_and_data_folders_are_searched(tmp_path: Path) -> None:
    """A path below a media folder, a name in a data folder, and a unique file name are found."""
    data, media = folders(tmp_path / "data"), tmp_path / "camera"
    photo(media / "tree" / "1.jpg")
    photo(media / "plank" / "1.jpg")
    photo(media / "plank" / "only.jpg")
    photo(data.interim_photos / "dog__1.jpg")
    add_landmarks(data, "video", random_track("walk.mp4", 1, n_frames=3))
    table = csv_file(
        tmp_path / "tables" / "labels.csv",
        "path,label",
        *["tree/1.jpg,meathook", "only.jpg,other", "dog\\1.jpg,other", "walk.mov,other"],
        *["1.jpg,other", "elsewhere/only.jpg,other"],
    )
    imported = run(table, data, [media])
    assert sorted(path.name for path in data.labels.glob("*.csv")) == [
        "photo_dog__1_labeled.csv",
        "photo_plank__only_labeled.csv",
        "photo_tree__1_labeled.csv",
        "video_walk_labeled.csv",
    ]
    assert ranges(data, "video_walk") == [(0, 2, "other")]
    # A name of two photos and a path that does not exist: a guess might be a wrong label.
    assert "1.jpg, elsewhere/only.jpg" in imported.warnings[0]


def test_missing_recordings_are_one_warning_unless_all_are(tmp_path: Path) -> None:
    """The other recordings are imported."""
    data = folders(tmp_path / "data")
    photo(tmp_path / "1.jpg")
    table = csv_file(tmp_path / "labels.csv", "path,label", "1.jpg,other", "2.jpg,other")
    (warning,) = run(table, data).warnings
    assert "1 recording that" in warning
    assert "2.jpg" in warning
    csv_file(table, "path,label", "2.jpg,other", "3.txt,other")
    with pytest.raises(LabelError, match=r"2\.jpg, 3\.txt.*--media"):
        run(table, data)


def test_all_problems_of_a_source_are_reported_at_once(tmp_path: Path) -> None:
    """Unknown labels, ranges outside the video, contradictions, unreadable lines and videos."""
    data = folders(tmp_path / "data")
    video(tmp_path / "a.mp4", 10)
    photo(tmp_path / "1.jpg")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    table = csv_file(
        tmp_path / "labels.csv",
        "path,label,first_frame,last_frame",
        *["a.mp4,meathook,0,5", "a.mp4,other,5,7", "a.mp4,other,8,30", "a.mp4,other,7,3"],
        *["1.jpg,other,,", "1.jpg,meathook,,", "a.mp4,tree,9,9", "a.mp4,other,x,9"],
        *["broken.mp4,other,,", ",other,,"],
    )
    with pytest.raises(LabelError) as raised:
        run(table, data)
    message = str(raised.value)
    for problem in (
        "'tree' (1×)",
        "video_a.mp4: frames 5 to 5 are both 'meathook' (line 2) and 'other' (line 3)",
        "line 4: frames 8 to 30 of a.mp4, which has the frames 0 to 9",
        "line 5: frames 7 to 3: the range ends before",
        "photo_1.jpg: frames 0 to 0 are both",
        "line 9: 'x' is not a whole number",
        "line 11: expected",
        "broken.mp4",
        "Frames are counted from 0",
    ):
        assert problem in message
    assert not data.labels.exists()


def test_label_studio_numbers_frames_from_one(tmp_path: Path) -> None:
    """Its frames 1 to 4 are the frames 0 to 3; both ends belong to a range."""
    data = folders(tmp_path / "data")
    video(data.raw_videos / "tour" / "routine.mp4", 12)
    photo(data.raw_photos / "hook.jpg")
    source = export(
        tmp_path / "export.json",
        task(
            "/data/upload/1/3d3ad63e-routine.mp4",
            *[(1, 4, "meathook"), (5, 5, "other"), (8, 12, "other")],
        ),
        task("s3://bucket/hook.jpg", id=13)
        | {
            "annotations": [
                {"result": [{"type": "choices", "value": {"choices": ["back lever"]}}]},
                {
                    "was_cancelled": True,
                    "result": [{"type": "choices", "value": {"choices": ["other"]}}],
                },
            ]
        },
    )
    run(source, data)
    assert ranges(data, "video_tour__routine") == [
        (0, 3, "meathook"),
        (4, 4, "other"),
        (7, 11, "other"),
    ]
    assert ranges(data, "photo_hook") == [(0, 0, "back lever")]


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/3/0a1b2c3d-my%20clip.mp4",
        "/data/local-files/?d=videos/tour/my%20clip.mp4",
        "https://host.example/files/tour/my%20clip.mp4?token=a.jpg",
        "s3://bucket/tour/my clip.mp4",
        "my clip.mp4",
    ],
)
def test_addresses_of_label_studio_are_understood(tmp_path: Path, address: str) -> None:
    """Uploaded, local, web and bucket addresses are matched by their longest known ending."""
    data, media = folders(tmp_path / "data"), tmp_path / "videos"
    video(media / "tour" / "my clip.mp4", 3)
    run(export(tmp_path / "export.json", task(address, (1, 3, "other"))), data, [media])
    assert ranges(data, "video_tour__my clip") == [(0, 2, "other")]


def test_label_studio_labels_that_do_not_fit_hint_at_the_frame_rate(tmp_path: Path) -> None:
    """Up to two frames too many are cut off, since time times frame rate is not exact."""
    data, media = folders(tmp_path / "data"), tmp_path / "videos"
    video(media / "a.mp4", 10)
    imported = run(export(tmp_path / "export.json", task("a.mp4", (3, 12, "other"))), data, [media])
    assert ranges(data, "video_a") == [(2, 9, "other")]
    assert "video_a.mp4" in imported.warnings[0]
    with pytest.raises(LabelError, match=r"task 12: frames 2 to 12(.|\n)*frameRate"):
        run(export(tmp_path / "export.json", task("a.mp4", (3, 13, "other"))), data, [media])


def test_contradicting_annotators_are_reported(tmp_path: Path) -> None:
    """Two annotations of one task are both read."""
    data, media = folders(tmp_path / "data"), tmp_path / "videos"
    video(media / "a.mp4", 10)
    first, second = task("a.mp4", (1, 5, "other")), task("a.mp4", (4, 6, "meathook"))
    first["annotations"] += second["annotations"]
    with pytest.raises(LabelError, match="frames 3 to 4 are both 'other'"):
        run(export(tmp_path / "export.json", first), data, [media])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "cannot be read as JSON"),
        ('{"a": 1}', "not an export of Label Studio"),
        ('[{"video": "a.mp4"}]', "JSON-MIN"),
        ("[]", "has no labels"),
        ('[{"data": {"text": "a"}, "annotations": []}]', "task 1 cannot be read"),
        ('[{"data": {"v": "a.mp4"}, "annotations": [{}]}]', "task 1 cannot be read"),
    ],
    ids=["no json", "no list", "no tasks", "no labels", "no media", "no result"],
)
def test_a_file_that_is_not_an_export_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    """The message says what was expected."""
    source = csv_file(tmp_path / "export.json", content)
    with pytest.raises(LabelError, match=message):
        run(source, folders(tmp_path / "data"))


def test_a_table_without_any_label_is_an_error(tmp_path: Path) -> None:
    """A table that is not filled in yet."""
    photo(tmp_path / "1.jpg")
    table = csv_file(tmp_path / "labels.csv", "path,label", "1.jpg,", "2.jpg,")
    with pytest.raises(LabelError, match="no labels: 2 rows without a label"):
        run(table, folders(tmp_path / "data"))


@pytest.mark.parametrize("name", ["missing.csv", "labels.txt", "empty"])
def test_an_unknown_source_is_refused(tmp_path: Path, name: str) -> None:
    """A file of another kind, a folder without recordings and a missing path are refused."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "labels.txt").touch()
    with pytest.raises(LabelError, match=name):
        run(tmp_path / name, folders(tmp_path / "data"))


def test_labels_made_by_hand_are_not_overwritten(tmp_path: Path) -> None:
    """Only --replace overwrites them; importing the same labels again changes nothing."""
    data, source = folders(tmp_path / "data"), tmp_path / "poses"
    photo(source / "meathook" / "1.jpg")
    photo(source / "meathook" / "2.jpg")
    by_hand = add_labels(data, "photo", "meathook__1.jpg", [(0, 0, "other")])
    imported = run(source, data)
    assert (imported.written, imported.kept) == (1, (by_hand.name,))
    assert "--replace" in imported.warnings[0]
    assert read_labels(by_hand).ranges == (LabelledRange(0, 0, "other"),)
    replaced = run(source, data, replace=True)
    assert (replaced.written, replaced.unchanged, replaced.kept) == (1, 1, ())
    assert read_labels(by_hand).ranges == (LabelledRange(0, 0, "meathook"),)
