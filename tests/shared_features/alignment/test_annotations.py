"""Files of recordings with the times of their key moments."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared_features.alignment.annotations import read_recordings
from shared_features.errors import AnnotationError

GOOD = """
recordings:
  - {routine: autumn, performer: ada, path: ada.mp4, splits: [1.5, "00:03:12", 01:00:00]}
  - {routine: autumn, performer: ben, path: ben.mp4, fps: 25, splits: [2, "00:04:05", "01:10:24"]}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recordings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_times_are_seconds_or_minutes_seconds_and_frames(tmp_path: Path) -> None:
    """Frames count at the file's rate or the recording's; YAML's own sexagesimals do not."""
    ada, ben = read_recordings(written(tmp_path, GOOD))
    assert ada.splits_s == (1.5, 3.5, 60.0)
    assert ben.splits_s == (2.0, 4.2, 70.96)
    assert ben.past_the_end(60.0) == [70.96]


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Each names the recording, what was given and what was expected."""
    path = written(
        tmp_path,
        """
fps: 24
videos:
  - {trackId: alps, riderId: ada, url: a, splits: ["00:01:25", "00:00:12", "late"]}
  - {trackId: alps, riderId: ada, url: a, split: [1, 2], splits: [2, 1]}
  - {trackId: alps, splits: []}
  - just text
""",
    )
    with pytest.raises(AnnotationError) as caught:
        read_recordings(path)
    for part in (
        "recording 1 (ada): '00:01:25' has frame 25; a second has 24",
        "recording 1 (ada): 'late' is neither MM:SS:FF nor a number",
        "recording 2 (ada) has unknown keys ['split']",
        "recording 2 (ada): split 1.00 s does not come after 2.00 s",
        "recording 3 has no `performer` or `riderId`",
        "recording 3 has no `splits`",
        "recording 4 is 'just text'",
        "alps/ada is there 2 times",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("text", ["", "recordings: []", "recordings: 3", "{{", "- a"])
def test_a_file_without_recordings_says_what_is_expected(tmp_path: Path, text: str) -> None:
    """Nothing is guessed from a file of another kind."""
    with pytest.raises(AnnotationError, match=r"recordings|YAML"):
        read_recordings(written(tmp_path, text))


def test_the_first_annotation_file_reads(shared_data: Callable[[str], Path]) -> None:
    """25 runs of five tracks, six splits each, at 24 frames per second."""
    recordings = read_recordings(shared_data("tabular/split_times.yaml"))
    assert len(recordings) == 25
    assert len({recording.name for recording in recordings}) == 25
    assert {len(recording.splits_s) for recording in recordings} == {6}
    first = recordings[0]
    assert (first.routine, first.performer) == ("loudenvielle_2025", "amaury_pierron")
    assert first.splits_s == (1.625, 39 + 19 / 24, 95 + 8 / 24, 156 + 4 / 24, 179.0, 197.25)
