"""Videos of a few pixels, and videos far longer than wide, get an overlay, too."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from serving.overlay.drawer import Drawer
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE
from serving.overlay.routine import save_routine
from serving.settings import load_settings
from shared_features.params import PROJECT_ROOT, MediaParams
from tests.serving.overlay_clips import routine_for

FRAMES = 8


def write_clip(path: Path, width: int, height: int) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj444p"
        for index in range(FRAMES):
            grey = np.full((height, width, 3), index * 30, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format="yuvj444p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (2, 2), (3, 5), (16, 16_000), (20_000, 20)], ids=str
)
def test_it_is_drawn(tmp_path: Path, media: MediaParams, width: int, height: int) -> None:
    """With a hold in it: the video, its photo and the summary."""
    clip = write_clip(tmp_path / "clip.avi", width, height)
    save_routine(routine_for(clip, media), tmp_path)
    params = load_settings(PROJECT_ROOT / "params.yaml").serving.overlay
    Drawer().draw(tmp_path, clip.name, params, media)
    with av.open(str(tmp_path / OVERLAY_FILE)) as drawn:
        assert len(list(drawn.decode(video=0))) == FRAMES
    assert (tmp_path / HOLDS_FILE).is_file()
    assert (tmp_path / SUMMARY_FILE).is_file()
    assert (tmp_path / "holds" / "1.jpg").is_file()
