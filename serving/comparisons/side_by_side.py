"""Draws two aligned recordings next to each other, in step, with the sound of the reference.

One pass over both videos in bounded memory: every frame of the reference is shown at its time, next
to the frame of the target that shows the same moment.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.comparisons.strip import STRIP_SHARE, Strip
from serving.overlay.drawing.canvas import rgb_canvas
from serving.overlay.drawing.palette import WHITE
from serving.overlay.drawing.skeleton import SkeletonPen
from serving.overlay.smoothing import smoothed_points
from serving.settings import OverlayParams
from shared_features.alignment.alignment import Alignment
from shared_features.landmarks.landmarks import VISIBILITY, LandmarkTrack, X, Y
from shared_features.media.frames import Frame, RgbArray
from shared_features.media.video.audio import Audio
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams
from shared_features.runtime.prefetch import Prefetched

# Largest height of a pane, and largest width of the two together.
_MAX_HEIGHT_PX, _MAX_WIDTH_PX = 640, 1440
_GAP_PX = 4
_LINE_SHARE = 0.009
_PREFETCH_FRAMES = 4


@dataclass(frozen=True)
class Recording:
    """One of the two recordings.

    Attributes:
        path: Path of the video.
        track: Its landmarks, flipped left to right if the picture is to be.
        flipped: Whether to flip the picture.
    """

    path: Path
    track: LandmarkTrack
    flipped: bool = False


def draw_side_by_side(
    reference: Recording,
    target: Recording,
    alignment: Alignment,
    content: dict[str, Any],
    path: Path,
    params: OverlayParams,
    limits: MediaParams,
    report_progress: Callable[[int], None] | None = None,
) -> None:
    """Write the video, atomically.

    Args:
        reference: Recording that sets the time.
        target: Recording that is re-timed.
        alignment: Alignment of the two.
        content: What was found (``results.comparison_content``).
        path: Path of the video to write.
        params: How skeletons are drawn, and the quality of the video.
        limits: Limits on the recordings.
        report_progress: Called with the number of frames done.

    Raises:
        MediaError: One of the files is not a readable video within the limits.
    """
    left_size, right_size = _pane_sizes(reference.track, target.track)
    height = left_size[1]
    width = left_size[0] + _GAP_PX + right_size[0]
    strip_px = 2 * round(height * STRIP_SHARE / 2)
    strip = Strip(width, strip_px, content, params)
    left, right = _Pane(reference, left_size, params), _Pane(target, right_size, params)
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(reference.path, limits))
        audio = stack.enter_context(Audio(reference.path, reader.start_s))
        partners = stack.enter_context(_Partners(target, limits))
        writer = stack.enter_context(
            VideoWriter(
                path,
                width,
                height + strip_px,
                reader.time_base,
                quality=params.quality,
                preset=params.preset,
                fps=reader.info.average_fps,
                audio=audio,
            )
        )

        def drawn() -> Iterator[tuple[int, float, RgbArray]]:
            for frame in reader.frames():
                picture = np.zeros((height + strip_px, width, 3), dtype=np.uint8)
                left.draw(picture[:height, : left_size[0]], frame)
                # The performer's time, which in slow motion is not the file's.
                time_s = float(reference.track.pts_s[min(frame.index, len(reference.track) - 1)])
                there_s = float(alignment.at(time_s))
                partner = partners.at(there_s)
                if partner is not None:
                    right.draw(picture[:height, left_size[0] + _GAP_PX :], partner)
                strip.draw(picture[height:], time_s)
                yield frame.index, frame.pts_s, picture

        for index, pts_s, picture in stack.enter_context(Prefetched(drawn(), _PREFETCH_FRAMES)):
            writer.write(picture, pts_s)
            if report_progress is not None:
                report_progress(index + 1)


def _pane_sizes(*tracks: LandmarkTrack) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of both panes: equally high, even, within the limits."""
    aspects = [track.aspect for track in tracks]
    highest = (
        *(_MAX_HEIGHT_PX, max(track.height for track in tracks)),
        int((_MAX_WIDTH_PX - _GAP_PX) / sum(aspects)),
    )
    rows = max(64, min(highest) // 2 * 2)
    left, right = (max(64, 2 * round(rows * aspect / 2)) for aspect in aspects)
    return (left, rows), (right, rows)


class _Pane:
    """Draws the frames of one recording, with its skeleton, at one size."""

    def __init__(self, recording: Recording, size: tuple[int, int], params: OverlayParams) -> None:
        track = recording.track
        points = track.image[:, :, [X, Y, VISIBILITY]]
        self._points = smoothed_points(points, track.pts_s, params.smoothing_s)
        self._flipped, self._size = recording.flipped, size
        line_px = max(size) * _LINE_SHARE * params.line_scale
        self._pen = SkeletonPen(*size, line_px, by_side=True)

    def draw(self, pane: NDArray[np.uint8], frame: Frame) -> None:
        scaled = cv2.resize(frame.rgb, self._size, interpolation=cv2.INTER_AREA)
        turned = scaled[:, ::-1] if self._flipped else scaled
        picture = np.ascontiguousarray(turned, dtype=np.uint8)
        if frame.index < len(self._points):
            self._pen.draw(rgb_canvas(picture), self._points[frame.index], WHITE)
        pane[:] = picture


class _Partners:
    """The frames of the target at times that never fall; each is decoded once."""

    def __init__(self, target: Recording, limits: MediaParams) -> None:
        self._stack = ExitStack()
        reader = self._stack.enter_context(VideoReader(target.path, limits))
        frames = self._stack.enter_context(Prefetched(reader.frames(), _PREFETCH_FRAMES))
        self._frames = iter(frames)
        self._pts_s = target.track.pts_s
        self._shown = next(self._frames, None)
        self._next = next(self._frames, None)

    def __enter__(self) -> "_Partners":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def at(self, time_s: float) -> Frame | None:
        """The frame nearest to a time; the one shown last where there is none."""
        while self._next is not None and self._shown is not None and time_s == time_s:
            if self._apart(self._next, time_s) > self._apart(self._shown, time_s):
                break
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown

    def _apart(self, frame: Frame, time_s: float) -> float:
        return abs(float(self._pts_s[min(frame.index, len(self._pts_s) - 1)]) - time_s)
