"""Draws the overlay video, the photos of the holds and the summary image of a routine.

One pass over the video in bounded memory: each frame is decoded, kept as a photo if it is the
steadiest of a hold, drawn on and encoded. The overlay has every frame at its original time.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving.exports.entries import TIME_DIGITS, segment_entry
from serving.overlay.drawing.canvas import stored_canvas
from serving.overlay.files import (
    HOLDS_FILE,
    HOLDS_FOLDER,
    OVERLAY_FILE,
    SUMMARY_FILE,
    moment_file,
    photo_file,
)
from serving.overlay.moments import Moment, moment_frames, steadiest_frame
from serving.overlay.painter import Painter
from serving.overlay.photo import PhotoMaker, save_photo
from serving.overlay.routine import Routine
from serving.overlay.smoothing import smoothed_points
from serving.overlay.summary import (
    TilePhoto,
    best_holds,
    summary_image,
    tile_for,
    tile_photo,
)
from serving.settings import OverlayParams
from shared_features.media.frames import Frame, RgbArray
from shared_features.media.planes import Nv12Planes, Planes
from shared_features.media.video.audio import Audio
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import EncoderFrame, VideoWriter
from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from shared_features.runtime.prefetch import Prefetched

# Frames decoded ahead of the drawing, and drawn ahead of the encoding.
_PREFETCH_FRAMES = 4


def draw_all(
    video: Path,
    routine: Routine,
    folder: Path,
    params: OverlayParams,
    limits: MediaParams,
    *,
    overlay: bool = True,
    report_progress: Callable[[int], None] | None = None,
) -> list[Path]:
    """Write the overlay video, the photos and the summary into a folder, each file atomically.

    Args:
        video: Path of the recording.
        routine: Predictions and landmarks of the recording.
        folder: Folder to write to.
        params: What is drawn, and how.
        limits: Limits on the recording.
        overlay: Whether to draw the video as well; False for photos and summary only.
        report_progress: Called with the number of frames done; an exception it raises ends the
            drawing.

    Raises:
        MediaError: the file is not a readable video within the limits.
        ServingError: the font cannot be used.
    """
    points = smoothed_points(routine.points, routine.pts_s, params.smoothing_s)
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(video, limits))
        info = reader.info
        aspect = info.width / info.height
        moments = [
            moment_frames(hold, routine, steadiest_frame(hold, routine, points, aspect))
            for hold in routine.holds
        ]
        photos = _Photos(routine, points, moments, folder, params, (info.width, info.height))
        shown = {index for of_hold in moments for index in of_hold.values()}
        wanted = None if overlay else frozenset(shown)
        frames = stack.enter_context(Prefetched(reader.frames(wanted=wanted), _PREFETCH_FRAMES))
        if overlay:
            size = output_size(info.width, info.height, params.max_side_px)
            painter = Painter(routine, points, *size, params)
            audio = stack.enter_context(Audio(video, reader.start_s))
            writer = stack.enter_context(
                VideoWriter(
                    folder / OVERLAY_FILE,
                    *size,
                    reader.time_base,
                    quality=params.quality,
                    preset=params.preset,
                    fps=info.average_fps,
                    colours=reader.colours,
                    audio=audio,
                )
            )
        last = max(shown, default=-1)

        def drawn() -> Iterator[_Drawn]:
            for frame in frames:
                photos.take(frame)
                output = None
                if overlay:
                    output = writer.blank()
                    _fill(output.planes, frame.planes)
                    painter.paint(stored_canvas(output.planes, writer.matrix), frame.index)
                yield _Drawn(frame.index, frame.pts_s, output)
                if not overlay and frame.index >= last:
                    return

        # Decoding, drawing and encoding run in a thread each; one thread would use one core.
        for frame in stack.enter_context(Prefetched(drawn(), _PREFETCH_FRAMES)):
            if frame.output is not None:
                writer.append(frame.output, frame.pts_s)
            if report_progress is not None:
                report_progress(frame.index + 1)
    written = photos.write_rest()
    return [folder / OVERLAY_FILE, *written] if overlay else written


def output_size(width: int, height: int, max_side_px: int) -> tuple[int, int]:
    """Width and height of the overlay: the recording's, scaled down if it exceeds the limit.

    >>> output_size(720, 1280, 1920), output_size(3840, 2160, 1920)
    ((720, 1280), (1920, 1080))
    """
    scale = min(1.0, max_side_px / max(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))


@dataclass(frozen=True, repr=False)
class _Drawn:
    """A frame that is ready to be encoded; ``output`` is None if no video is drawn."""

    index: int
    pts_s: float
    output: EncoderFrame | None


class _Photos:
    """Takes the photos as the frames pass, then makes the summary from them."""

    def __init__(
        self,
        routine: Routine,
        points: NDArray[np.float32],
        moments: list[dict[Moment, int]],
        folder: Path,
        params: OverlayParams,
        size: tuple[int, int],
    ) -> None:
        self._routine, self._points, self._moments = routine, points, moments
        self._folder, self._params = folder, params
        self._maker = PhotoMaker(routine, *size, params)
        self._best = best_holds(routine.holds)
        self._tile = tile_for(size[0] / size[1], len(self._best))
        self._tiles: dict[int, TilePhoto] = {}
        self._paths: list[Path] = []

    def take(self, frame: Frame) -> None:
        """Take the photos of the holds of which a frame is one of the moments."""
        points = self._points[frame.index]
        for index, (hold, score) in enumerate(self._routine.scored_holds):
            moments = [name for name, at in self._moments[index].items() if at == frame.index]
            if not moments:
                continue
            photo = self._maker.with_skeleton(frame.rgb, points, hold)
            compared = self._maker.compared(photo, points, hold)
            for moment in moments:
                self._save(compared, moment_file(index + 1, moment))
            if "steadiest" in moments:
                if index in self._best:
                    self._tiles[index] = tile_photo(hold, score, photo, points, self._tile)
                self._maker.letter(photo, hold, score)
                self._save(photo, photo_file(index + 1))

    def _save(self, photo: RgbArray, name: str) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        save_photo(photo, path, self._params.photo_quality)
        self._paths.append(path)

    def write_rest(self) -> list[Path]:
        """Write the list of holds and the summary; returns the paths of all files written."""
        routine = self._routine
        for path in (self._folder / HOLDS_FOLDER).glob("[0-9]*.jpg"):
            if path not in self._paths:  # of an earlier analysis that found more holds
                path.unlink()
        entries = [
            {"number": index + 1}
            | segment_entry(hold)
            | {
                "photo_s": self._time_s(moments["steadiest"]),
                "moments_s": {name: self._time_s(at) for name, at in moments.items()},
            }
            for index, (hold, moments) in enumerate(zip(routine.holds, self._moments, strict=True))
        ]
        with atomic_write(self._folder / HOLDS_FILE) as temporary:
            temporary.write_text(json.dumps(entries, indent=1), encoding="utf-8")
        photos = [self._tiles[index] for index in self._best if index in self._tiles]
        page = summary_image(routine, photos, self._tile, self._params)
        with atomic_write(self._folder / SUMMARY_FILE) as temporary:
            Image.fromarray(page).save(temporary, "PNG")
        return [*self._paths, self._folder / HOLDS_FILE, self._folder / SUMMARY_FILE]

    def _time_s(self, frame: int) -> float:
        return round(float(self._routine.pts_s[frame]), TIME_DIGITS)


def _fill(target: Nv12Planes, source: Planes) -> None:
    """Copy the planes of a frame, scaled to the size of the overlay."""
    planes = target.luma, target.chroma[:, :, 0], target.chroma[:, :, 1]
    for into, plane in zip(planes, source, strict=True):
        height, width = into.shape
        # An odd side loses its last pixel.
        if plane.shape[0] - height in (0, 1) and plane.shape[1] - width in (0, 1):
            into[:] = plane[:height, :width]
        else:
            into[:] = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
