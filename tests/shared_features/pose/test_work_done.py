"""Exact counts of the work for a video, so that a change that causes more work is noticed."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared_features.media.frames import RgbArray
from shared_features.media.orientation import Upright
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import extract_video
from tests.clips import write_video

pytestmark = pytest.mark.usefixtures("pose_model")

FRAMES, CHUNK, WARM_UP = 50, 20, 4


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is called while the real thing runs."""
    counted: Counter[str] = Counter()

    def count(owner: Any, method: str, name: Any) -> None:
        real = getattr(owner, method)

        def counting(self: Any, *arguments: Any, **options: Any) -> Any:
            counted[name(self) if callable(name) else name] += 1
            return real(self, *arguments, **options)

        monkeypatch.setattr(owner, method, counting)

    count(PoseEstimator, "__init__", "networks loaded")
    count(PoseEstimator, "people", lambda self: f"inferences in {self._mode} mode")
    count(Upright, "rgb", "frames converted")
    return counted


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, performer: list[RgbArray]) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return write_video(path, performer, [i / 10 for i in range(FRAMES)])


@pytest.mark.parametrize("workers", [1, 2])
def test_each_frame_is_tracked_once_and_warm_up_frames_twice(
    clip: Path, media: MediaParams, pose: PoseParams, counts: Counter[str], workers: int
) -> None:
    """One inference per frame and warm-up frame, and one for everyone per chunk."""
    small = pose.model_copy(update={"chunk_frames": CHUNK, "warmup_frames": WARM_UP})
    extract_video(clip, media, small, workers=workers)
    chunks = -(-FRAMES // CHUNK)
    warm_ups = (chunks - 1) * WARM_UP
    assert counts["inferences in video mode"] == FRAMES + warm_ups
    assert counts["inferences in photo mode"] == chunks
    # One estimator finds everyone, and each chunk has a tracker.
    assert counts["networks loaded"] == chunks + 1
    # Threads that start in the middle convert their warm-up frames themselves.
    assert counts["frames converted"] == FRAMES + (warm_ups if workers > 1 else 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_skipped_frames_cost_no_inference_and_no_conversion(
    clip: Path, media: MediaParams, pose: PoseParams, counts: Counter[str], workers: int
) -> None:
    """At half the frame rate: every second frame, and those at the edges of chunks and warm-up."""
    asked = {"chunk_frames": CHUNK, "warmup_frames": WARM_UP, "max_fps": 5}
    track = extract_video(clip, media, pose.model_copy(update=asked), workers=workers).track
    # Besides the even ones, the last frames of the two whole chunks.
    inferred = FRAMES // 2 + 2
    # Of the frames before each later chunk: two even ones and the chunk's last.
    warm_ups = 2 * (WARM_UP // 2 + 1)
    assert track.provenance["frames_looked_at"] == inferred
    assert counts["inferences in video mode"] == inferred + warm_ups
    assert counts["frames converted"] == inferred + (warm_ups if workers > 1 else 0)
