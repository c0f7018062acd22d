"""A self-contained page of samples, annotations and predictions, as frames side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from shared_features.errors import StrapsError
from shared_features.landmarks.landmarks import CONNECTIONS, LANDMARK_INDEX, LandmarkTrack
from shared_features.landmarks.track_csv import read_track
from shared_features.media.frames import RgbArray
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from training.learning.reports.pages import render
from training.splits.recordings import SplitRecording
from training.splits.samples import ClipPair
from training.splits.validation import FoundSplits

_SIDE_PX = 220
_QUALITY = 78
_LEFT, _RIGHT = (255, 190, 110), (110, 200, 255)


@dataclass(frozen=True)
class Moment:
    """A frame of a recording at a time, as a picture."""

    title: str
    time_s: float
    picture: bytes


@dataclass(frozen=True)
class Row:
    """Moments side by side.

    Attributes:
        title: What they have in common.
        moments: The moments.
        error_s: Error of a prediction; None for samples and annotations, and where none was found.
    """

    title: str
    moments: list[Moment]
    error_s: float | None = None


def write_page(
    path: Path,
    recordings: Sequence[SplitRecording],
    samples: Sequence[ClipPair],
    found: Sequence[FoundSplits],
    media: MediaParams,
) -> None:
    """Write the page.

    Args:
        path: Path of the page.
        recordings: All recordings.
        samples: Pairs of clips to show.
        found: Predictions to show.
        media: Limits of the recordings.
    """
    by_name = {one.name: one for one in recordings}
    wanted: dict[str, set[float]] = {name: set() for name in by_name}
    for one in recordings:
        wanted[one.name].update(one.splits_s)
    for pair in samples:
        wanted[pair.reference].add(pair.reference_end_s)
        wanted[pair.target].add(pair.target_end_s)
    for result in found:
        wanted[result.target].update(time_s for time_s in result.predicted_s if time_s is not None)
    pictures = {
        name: _pictures(by_name[name].path, sorted(times_s), media)
        for name, times_s in wanted.items()
    }

    def moment(name: str, time_s: float) -> Moment:
        return Moment(name, time_s, pictures[name][time_s])

    annotations = [
        Row(
            f"{routine}, split {number + 1}",
            [
                moment(one.name, one.splits_s[number])
                for one in recordings
                if one.annotated.routine == routine
            ],
        )
        for routine in dict.fromkeys(one.annotated.routine for one in recordings)
        for number in range(
            len(next(one for one in recordings if one.annotated.routine == routine).splits_s)
        )
    ]
    pairs = [
        Row(
            f"{pair.kind}, {pair.offset_s:+.2f} s",
            [
                moment(pair.reference, pair.reference_end_s),
                moment(pair.target, pair.target_end_s),
            ],
        )
        for pair in samples
    ]
    predicted = [
        _prediction(result, number, moment)
        for result in found
        for number in range(len(result.true_s))
    ]
    render("splits.html", path, annotations=annotations, samples=pairs, predictions=predicted)


def _prediction(result: FoundSplits, number: int, moment: Callable[[str, float], Moment]) -> Row:
    moments = [
        moment(result.reference, result.reference_s[number]),
        moment(result.target, result.true_s[number]),
    ]
    time_s = result.predicted_s[number]
    if time_s is not None:
        moments.append(moment(result.target, time_s))
    title = f"{result.target}, split {number + 1}: reference, truth, prediction"
    return Row(title, moments, result.errors_s[number])


def _pictures(path: Path, times_s: Sequence[float], media: MediaParams) -> dict[float, bytes]:
    """A JPEG for each time; a skeleton where there is only a landmark table."""
    if path.suffix.lower() == ".csv":
        track = read_track(path)
        return {time_s: _jpeg(_skeleton(track, time_s)) for time_s in times_s}
    pictures: dict[float, bytes] = {}
    left = list(times_s)
    try:
        with VideoReader(path, media) as reader:
            for frame in reader.frames():
                while left and frame.pts_s >= left[0] - 1e-3:
                    pictures[left.pop(0)] = _jpeg(frame.rgb)
                last = frame
                if not left:
                    break
        for time_s in left:  # after the last frame
            pictures[time_s] = _jpeg(last.rgb)
    except StrapsError:
        blank = _jpeg(np.zeros((8, 8, 3), dtype=np.uint8))
        pictures |= dict.fromkeys(left, blank)
    return pictures


def _skeleton(track: LandmarkTrack, time_s: float) -> RgbArray:
    index = int(np.abs(track.pts_s - time_s).argmin())
    width, height = round(_SIDE_PX * track.aspect), _SIDE_PX
    image = Image.new("RGB", (width, height), (28, 24, 38))
    points = track.image[index, :, :2] * (width, height)
    if np.isfinite(points).all():
        draw = ImageDraw.Draw(image)
        for one, two in CONNECTIONS:
            ends = [tuple(points[LANDMARK_INDEX[name]].tolist()) for name in (one, two)]
            draw.line(ends, fill=_LEFT if one.startswith("LEFT") else _RIGHT, width=3)
    return np.asarray(image)


def _jpeg(rgb: RgbArray) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(rgb))
    image.thumbnail((2 * _SIDE_PX, _SIDE_PX))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
