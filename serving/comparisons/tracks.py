"""The landmarks of a recording that is to be compared: from the video, or from a table of them."""

from collections.abc import Callable
from pathlib import Path

from shared_features.alignment.sequences import FrameSequence, even_sequence
from shared_features.errors import MediaError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track
from shared_features.media.video.looks import Describe, frame_looks
from shared_features.params import SharedParams
from shared_features.pose.extract import extract_video
from shared_features.runtime.cores import usable_cores

_TABLE = ".csv"


def track_of(
    path: Path, params: SharedParams, report_frames: Callable[[int], None] | None = None
) -> LandmarkTrack:
    """The landmarks of a recording.

    Args:
        path: Path of a video, or of a landmark table (``*_landmarks.csv``).
        params: Limits, and how landmarks are found.
        report_frames: Called with the number of frames done.

    Raises:
        MediaError: There is no such file, or it is not a readable video within the limits.
        TrackError: It is not a landmark table.
    """
    _require(path)
    if path.suffix.lower() == _TABLE:
        return read_track(path)
    return extract_video(
        path, params.media, params.pose, report_frames=report_frames, workers=usable_cores()
    ).track


def looks_of(path: Path, params: SharedParams, describe: Describe | None = None) -> FrameSequence:
    """What the frames of a video look like, for recordings without a person in view.

    Args:
        path: Path of the video.
        params: Limits.
        describe: Description of a frame; None for one that needs no weights.

    Raises:
        MediaError: There is no such file, or it is not a readable video within the limits.
        AlignmentError: It is too short.
    """
    _require(path)
    return even_sequence(path.name, *frame_looks(path, params.media, describe))


def _require(path: Path) -> None:
    if not path.is_file():
        raise MediaError(
            f"There is no recording {path}. It may have been moved or deleted; give the path of a "
            "video or of a landmark table."
        )
