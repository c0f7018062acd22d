"""Thumbnails show the right frames, and the worst mistakes are the ones worth a look."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams
from tests.training.learning.projects import Project
from training.learning.evaluation.predictions import Predictions
from training.learning.reports.mistakes import worst_mistakes
from training.learning.reports.thumbnails import FrameId, thumbnails
from training.params import DataParams

GREYS = (20, 80, 140, 200)


@pytest.fixture
def data(tmp_path: Path) -> DataParams:
    """A project with a white photo, a video whose frames differ in brightness, and a bad file."""
    folders = Project(tmp_path).params[1].data
    folders.interim_photos.mkdir(parents=True)
    folders.interim_videos.mkdir(parents=True)
    Image.new("RGB", (80, 40), "white").save(folders.interim_photos / "pose.png")
    (folders.interim_videos / "bad.mp4").write_bytes(b"not a video")
    with VideoWriter(folders.interim_videos / "routine.mp4", 64, 48) as writer:
        for number, grey in enumerate(GREYS):
            writer.write(np.full((48, 64, 3), grey, dtype=np.uint8), number / 10)
    return folders


def image_of(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def test_thumbnails_show_the_wanted_frames(data: DataParams, media: MediaParams) -> None:
    """They are no larger than asked for; missing and unreadable recordings are left out."""
    first, last = FrameId("video_routine.mp4", 0), FrameId("video_routine.mp4", 3)
    photo = FrameId("photo_pose.png", 0)
    absent = [FrameId("video_gone.mp4", 0), FrameId("video_bad.mp4", 0)]
    found = thumbnails([last, photo, first, *absent], data, media, max_side=32)
    assert found.keys() == {first, last, photo}
    assert image_of(found[photo]).size == (32, 16)
    for frame, grey in ((first, GREYS[0]), (last, GREYS[-1])):
        assert image_of(found[frame]).size == (32, 24)
        assert np.asarray(image_of(found[frame])).mean() == pytest.approx(grey, abs=6)


def test_the_worst_mistakes_come_first_and_from_different_moments(
    data: DataParams, media: MediaParams
) -> None:
    """Right predictions are no mistakes, and neighbouring frames count as one."""
    truth_probability = np.array([0.3, 0.2, 0.9, 0.1, 0.4])
    predictions = Predictions(
        ("lever", "hang"),
        np.zeros(5, dtype=np.int64),
        np.stack([truth_probability, 1 - truth_probability], axis=1),
        np.array(["video_routine.mp4", *["video_gone.mp4"] * 4]),
        np.array([2, 0, 50, 10, 90]),
    )
    mistakes = worst_mistakes(predictions, 3, data, media)
    assert [(one.filename, one.frame_number) for one in mistakes] == [
        ("video_gone.mp4", 10),
        ("video_routine.mp4", 2),
        ("video_gone.mp4", 90),
    ]
    assert {(one.truth, one.predicted) for one in mistakes} == {("lever", "hang")}
    assert mistakes[0].thumbnail is None
    assert mistakes[1].thumbnail is not None
    assert np.asarray(image_of(mistakes[1].thumbnail)).mean() == pytest.approx(GREYS[2], abs=6)
    assert worst_mistakes(predictions, 1, data, media) == mistakes[:1]
