"""Chunks tracked in parallel are bit-identical to chunks tracked in order."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared_features.media.frames import RgbArray
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.extract import VideoExtraction, extract_video
from tests.clips import write_video

pytestmark = pytest.mark.usefixtures("pose_model")

REAL = [
    "iphone_rotated.mov",
    "vfr_deadlift.mp4",  # variable rate
    # Others are in view: chunks are tracked again.
    pytest.param("three_seated_audio.mp4", marks=pytest.mark.release),
    "sine_stereo_mp2.mpg",  # has to be read from its beginning
    pytest.param("walk_away_vp9_audio.mp4", marks=pytest.mark.release),
]


class StoppedError(Exception):
    """Raised by a progress callback to end an extraction midway."""


@pytest.fixture(scope="module")
def pose(pose: PoseParams) -> PoseParams:
    """Small chunks."""
    return pose.model_copy(update={"chunk_frames": 12, "warmup_frames": 4})


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, performer: list[RgbArray]) -> Path:
    """Fifty-six frames: the synthetic performer, and an empty stage for a while."""
    pictures = [*performer[::2], *[np.full_like(performer[0], 90)] * 6, *performer[:25]]
    path = tmp_path_factory.mktemp("clips") / "performance.mp4"
    return write_video(path, pictures, [i / 10 for i in range(len(pictures))])


@pytest.fixture(scope="module")
def in_order(clip: Path, media: MediaParams, pose: PoseParams) -> VideoExtraction:
    return extract_video(clip, media, pose)


def assert_same(a: VideoExtraction, b: VideoExtraction) -> None:
    assert a.track.pts_s.tobytes() == b.track.pts_s.tobytes()
    assert a.track.image.tobytes() == b.track.image.tobytes()
    assert a.track.world.tobytes() == b.track.world.tobytes()
    assert a.track.provenance == b.track.provenance
    assert (a.info, a.verdict) == (b.info, b.verdict)


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_the_bits_do_not_depend_on_the_number_of_threads(
    clip: Path, media: MediaParams, pose: PoseParams, in_order: VideoExtraction, workers: int
) -> None:
    """Landmarks, times, provenance and verdict; progress never falls and ends at the end."""
    reported: list[int] = []
    found = extract_video(clip, media, pose, None, reported.append, workers)
    assert_same(found, in_order)
    assert reported == sorted(reported)


@pytest.mark.parametrize("stop_at", [1, 18, 45])
def test_an_interrupted_extraction_resumes_to_the_same_bits(
    tmp_path: Path,
    clip: Path,
    media: MediaParams,
    pose: PoseParams,
    in_order: VideoExtraction,
    stop_at: int,
) -> None:
    """With two threads as with one, and with one thread what two have started."""

    def stop(frames: int) -> None:
        if frames >= stop_at:
            raise StoppedError

    with pytest.raises(StoppedError):
        extract_video(clip, media, pose, tmp_path, stop, workers=2)
    assert_same(extract_video(clip, media, pose, tmp_path, workers=1), in_order)
    for chunk in sorted(tmp_path.glob("chunk_*"))[1:]:
        chunk.unlink()
    assert_same(extract_video(clip, media, pose, tmp_path, workers=2), in_order)


def test_a_damaged_video_is_read_from_its_beginning(
    tmp_path: Path, clip: Path, media: MediaParams, pose: PoseParams
) -> None:
    """Whatever the damage, the result is that of reading it in order."""
    content = bytearray(clip.read_bytes())
    for at in range(len(content) // 2, len(content) // 2 + 4000, 37):
        content[at] ^= 0x55
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    one = extract_video(damaged, media, pose)
    assert one.verdict.status != "complete"
    two = extract_video(damaged, media, pose, workers=2)
    # FFmpeg decodes several frames at a time, and it is chance whether the neighbour of a damaged
    # one is called damaged as well.
    assert two.verdict.damaged_frames > 0 < one.verdict.damaged_frames
    verdict = replace(two.verdict, damaged_frames=one.verdict.damaged_frames)
    assert_same(replace(two, verdict=verdict), one)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[: len(content) * 2 // 3])
    assert_same(extract_video(cut, media, pose, workers=2), extract_video(cut, media, pose))


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_have_the_same_bits(
    shared_data: Callable[[str], Path], media: MediaParams, pose: PoseParams, name: str
) -> None:
    """Phones, variable rates, several people, other containers."""
    path = shared_data(f"edge_cases/{name}")
    chunks = pose.model_copy(update={"chunk_frames": 40, "warmup_frames": 10})
    assert_same(extract_video(path, media, chunks, workers=2), extract_video(path, media, chunks))
