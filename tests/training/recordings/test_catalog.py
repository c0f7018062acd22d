"""Recordings are found below a folder, and have names that tell them apart."""

from pathlib import Path

import pytest

from training.errors import RecordingError
from training.recordings.catalog import find_recordings, split_filename


def create(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_recordings_are_named_after_their_path(tmp_path: Path) -> None:
    """Subfolders are searched; hidden files and other kinds are not recordings."""
    create(tmp_path, "b/1.JPG", "a/1.jpg", "2.png", "clip.mp4", ".hidden.jpg", ".trash/3.jpg")
    found = find_recordings(tmp_path, "photo")
    assert [recording.name for recording in found] == ["2.png", "a__1.jpg", "b__1.JPG"]
    assert found[1].path == tmp_path / "a" / "1.jpg"
    assert (found[1].stem, found[1].filename) == ("a__1", "photo_a__1.jpg")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param((), r"There are no videos in .*\.mp4", id="no recordings"),
        pytest.param(("a.mp4", "a.mov"), r"share their tables: .*a\.mov, .*a\.mp4", id="same stem"),
        pytest.param(("x/a.mp4", "x__a.mov"), "share their tables", id="same name"),
    ],
)
def test_a_folder_without_distinct_recordings_is_refused(
    tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    """The message names the files, or the suffixes that were expected."""
    with pytest.raises(RecordingError, match=message):
        find_recordings(create(tmp_path, *names), "video")


def test_a_missing_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    """The message names the command that writes the interim folder."""
    with pytest.raises(RecordingError, match=r"does not exist.*process-videos"):
        find_recordings(tmp_path / "interim", "video")


def test_a_name_without_a_kind_is_refused() -> None:
    """Tables name recordings with their kind."""
    assert split_filename("photo_video_1.jpg") == ("photo", "video_1.jpg")
    with pytest.raises(RecordingError, match=r"'routine\.mp4' does not name a recording"):
        split_filename("routine.mp4")
