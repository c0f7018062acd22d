"""Writes landmarks made elsewhere as landmark tables of this project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import MediaError
from shared_features.landmarks.landmarks import (
    LANDMARK_INDEX,
    FloatArray,
    LandmarkTrack,
    empty_landmarks,
)
from shared_features.landmarks.track_csv import write_track
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from training.errors import TrainingError
from training.labels.known_recordings import KnownRecordings, kind_of
from training.landmark_tables.foreign_table import ForeignTrack
from training.landmark_tables.formats import read_landmark_file
from training.media.extraction import IMPORTED
from training.params import DataParams
from training.recordings.catalog import Recording, landmarks_path
from training.recordings.content_hashes import content_sha256
from training.recordings.output_folder import prepare_folder
from training.recordings.perceptual_hashes import perceptual_hash, video_hashes
from training.words import counted

_FACE = ("LEFT_EAR", "RIGHT_EAR", "LEFT_EYE", "RIGHT_EYE")
_SHOULDERS = ("LEFT_SHOULDER", "RIGHT_SHOULDER")


@dataclass(frozen=True)
class LandmarkRequest:
    """Landmarks to import, and what their table does not say.

    Attributes:
        source: Table of landmarks.
        recording: Name of the recording; None: as in the table, or the table's own name.
        media: Folders of the recordings.
        size: Width and height of the frames in pixels; None: of the recording or the table.
        fps: Frames per second; None: the times of the recording or the table.
        frames_from: Number of the first frame.
        replace: Whether to overwrite landmark tables.
    """

    source: Path
    recording: str | None = None
    media: Sequence[Path] = ()
    size: tuple[int, int] | None = None
    fps: float | None = None
    frames_from: int = 0
    replace: bool = False


@dataclass(frozen=True)
class ImportedLandmarks:
    """Result of an import.

    Attributes:
        written: Names of the recordings with a new landmark table.
        kept: Names of those whose landmark table was not changed.
        frames: Number of frames written.
        without_person: Number of these frames without a person.
        warnings: Sentences about how the table was read.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]
    frames: int
    without_person: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Media:
    """What a media file says about its frames."""

    size: tuple[int, int]
    times_s: NDArray[np.float64]
    facts: dict[str, object]


def import_landmarks(
    request: LandmarkRequest, data: DataParams, limits: MediaParams
) -> ImportedLandmarks:
    """Write the landmark table of each recording in a table of landmarks.

    Raises:
        TrainingError: The table cannot be read for certain, or the size or times of the frames are
            unknown. The message lists all problems, and nothing was written.
    """
    foreign, warnings = read_landmark_file(request.source)
    if request.recording is not None and len(foreign) > 1:
        raise TrainingError(
            f"{request.source} holds {len(foreign)} recordings, so --recording cannot name one."
        )
    known = KnownRecordings(request.media, data)
    tracks: list[tuple[Recording, LandmarkTrack]] = []
    problems = []
    for one in foreign:
        try:
            recording = _recording(request, one, known)
            tracks.append((recording, _track(request, one, recording, limits)))
        except (TrainingError, MediaError) as error:
            problems.append(str(error))
    if problems:
        raise TrainingError("\n".join(problems))
    prepare_folder(data.landmarks)
    written, kept = [], []
    for recording, track in tracks:
        path = landmarks_path(data.landmarks, recording.kind, recording.name)
        if path.is_file() and not request.replace:
            kept.append(recording.name)
            continue
        write_track(track, path)
        written.append((recording.name, track))
    if kept:
        warnings = [
            *warnings,
            f"{counted(len(kept), 'landmark table')} existed already and stayed as it was "
            f"({', '.join(kept)}). --replace overwrites it.",
        ]
    return ImportedLandmarks(
        written=tuple(name for name, _ in written),
        kept=tuple(kept),
        frames=sum(len(track) for _, track in written),
        without_person=sum(int((~track.person).sum()) for _, track in written),
        warnings=tuple(warnings),
    )


def _recording(
    request: LandmarkRequest, foreign: ForeignTrack, known: KnownRecordings
) -> Recording:
    given = (request.recording or foreign.recording or request.source.name).replace("\\", "/")
    path = PurePosixPath(given)
    found = known.best_match(path) or known.prefixed(path)
    if found is not None:
        return found
    kind = kind_of(path.name)
    if kind is None:
        raise TrainingError(
            f"{request.source}: which recording are these landmarks of? Expected --recording with "
            f"the name of a photo or video, such as routine.mp4, got {given!r}."
        )
    return Recording(kind, path.name, Path(path.name))


def _track(
    request: LandmarkRequest, foreign: ForeignTrack, recording: Recording, limits: MediaParams
) -> LandmarkTrack:
    where = f"{request.source}, {recording.name}"
    media = _media(recording, limits)
    size = request.size or foreign.size or (None if media is None else media.size)
    if size is None:
        raise TrainingError(
            f"{where}: the size of the frames is unknown, and angles depend on it. Give it with "
            "--size 1920x1080, or the folder of the recording with --media."
        )
    frames = foreign.frames - request.frames_from
    n_frames = int(frames[-1]) + 1 if media is None else len(media.times_s)
    if frames[0] < 0 or frames[-1] >= n_frames:
        raise TrainingError(
            f"{where}: the table has the frames {foreign.frames[0]} to {foreign.frames[-1]}, "
            f"expected {request.frames_from} to {n_frames - 1 + request.frames_from}. If its "
            "frames are counted from 1, pass --frames-from 1."
        )
    image, world = empty_landmarks(n_frames)
    image[frames], world[frames] = foreign.image, foreign.world
    if foreign.in_pixels:
        image[:, :, 0] /= size[0]
        image[:, :, 1] /= size[1]
        image[:, :, 2] /= size[0]
    _require_inside(where, image, foreign.in_pixels, size)
    _complete_nose(image)
    person = ~np.isnan(image[:, 0, 0])
    provenance = {
        "source": recording.name,
        "extraction_key": IMPORTED,
        "imported_from": request.source.name,
        "frames": n_frames,
        "frames_with_person": int(person.sum()),
        **({} if media is None else media.facts),
    }
    times_s = _times(request, foreign, frames, n_frames, where) if media is None else media.times_s
    return LandmarkTrack(recording.name, *size, times_s, image, world, provenance)


def _require_inside(where: str, image: FloatArray, in_pixels: bool, size: tuple[int, int]) -> None:
    known = image[:, :, :2][np.isfinite(image[:, :, :2])]
    if not len(known):
        raise TrainingError(f"{where}: no frame has a person.")
    if float(np.mean((known < -0.5) | (known > 1.5))) > 0.1:
        unit = f"pixels of {size[0]}×{size[1]} frames" if in_pixels else "fractions of the frame"
        raise TrainingError(
            f"{where}: most landmarks lie outside the frame if x and y are {unit}. Is the size "
            "right (--size)?"
        )


def _complete_nose(image: FloatArray) -> None:
    """Put a nose between ears, eyes or shoulders: a frame without one counts as empty."""
    nose = image[:, LANDMARK_INDEX["NOSE"]]
    for around in (_FACE[:2], _FACE[2:], _SHOULDERS):
        points = image[:, [LANDMARK_INDEX[name] for name in around]]
        complete = np.isnan(nose[:, 0]) & np.isfinite(points[:, :, :2]).all(axis=(1, 2))
        nose[complete] = points[complete].mean(axis=1)


def _times(
    request: LandmarkRequest,
    foreign: ForeignTrack,
    frames: NDArray[np.int64],
    n_frames: int,
    where: str,
) -> NDArray[np.float64]:
    if n_frames == 1:
        return np.zeros(1)
    if request.fps is not None:
        return np.arange(n_frames) / request.fps
    if foreign.times_s is None:
        raise TrainingError(
            f"{where}: the times of the frames are unknown. Give the frames per second with --fps, "
            "or the folder of the recording with --media."
        )
    if len(frames) < n_frames or np.any(np.diff(foreign.times_s) <= 0):
        raise TrainingError(
            f"{where}: the times do not rise from row to row, or frames are missing in between. "
            "Expected every frame once, in order; or give --fps."
        )
    return np.asarray(foreign.times_s - foreign.times_s[0])


def _media(recording: Recording, limits: MediaParams) -> _Media | None:
    """Facts about the media file, so that near-duplicates of it are found; None without one."""
    if kind_of(recording.path.name) is None or not recording.path.is_file():
        return None
    facts: dict[str, object] = {"media_sha256": content_sha256(recording.path)}
    if recording.kind == "photo":
        frame = read_photo(recording.path, limits)
        height, width = frame.rgb.shape[:2]
        hashes = [perceptual_hash(frame.rgb)]
        return _Media((width, height), np.zeros(1), facts | {"picture_hashes": hashes})
    with VideoReader(recording.path, limits) as reader:
        times = [frame.pts_s for frame in reader.frames()]
        size = (reader.info.width, reader.info.height)
    facts["picture_hashes"] = video_hashes(recording.path, limits)
    return _Media(size, np.array(times), facts)
