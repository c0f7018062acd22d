"""Extracts the landmarks of one recording, in a worker."""

import json
import shutil
import threading
from dataclasses import asdict, dataclass, replace
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from shared_features.errors import TrackError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track, write_track
from shared_features.media.files import require_content
from shared_features.media.photos import read_photo
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import extract_video, photo_track
from training.media.annotate import annotate_photo, annotate_video, annotated_path
from training.recordings.catalog import Recording, landmarks_path
from training.recordings.media_jobs import MediaJob
from training.recordings.media_report import damage_found
from training.recordings.perceptual_hashes import perceptual_hash, video_hashes

IMPORTED = "imported"
"""Extraction key of landmarks that another program made; they are never computed again."""

_SIDECAR_KEYS = frozenset({"extraction_key", "source", "frames", "frames_with_person"})


@dataclass(frozen=True)
class Extracted:
    """Facts about a finished landmark table, from its sidecar.

    Attributes:
        frames: Number of frames.
        frames_with_person: Number of frames in which a person was found.
        damage: Description of the recording's damage; empty if it is intact.
    """

    frames: int
    frames_with_person: int
    damage: str


@dataclass(frozen=True)
class ExtractionSettings:
    """Settings of all extraction jobs of a run.

    Attributes:
        folder: Absolute path of the folder for the tables.
        media: Limits for photos and videos.
        pose: Pose settings, with the absolute path of the pose model.
        model_sha256: SHA-256 of the pose model file.
        annotated: Whether to make annotated copies.
    """

    folder: Path
    media: MediaParams
    pose: PoseParams
    model_sha256: str
    annotated: bool

    @property
    def checkpoints(self) -> Path:
        """Folder for the finished chunks of unfinished videos."""
        return self.folder / ".checkpoints"

    def table(self, recording: Recording) -> Path:
        """Path of a recording's landmark table."""
        return landmarks_path(self.folder, recording.kind, recording.name)

    def current(self, job: MediaJob) -> Extracted | None:
        """Facts about a recording if its table and annotated copy are up to date; else None."""
        if self.annotated and not annotated_path(self.folder, job.recording).is_file():
            return None
        return self.current_table(job)

    def current_table(self, job: MediaJob) -> Extracted | None:
        """Facts about a recording if its table is up to date; else None."""
        sidecar = stored_sidecar(self.table(job.recording))
        if sidecar is None:
            return None
        keys = (job.key, IMPORTED)
        if sidecar["extraction_key"] not in keys or sidecar["source"] != job.recording.name:
            return None
        return _extracted(sidecar)


def stored_sidecar(table: Path) -> dict[str, Any] | None:
    """The sidecar of a landmark table, if both exist and were written by this stage."""
    try:
        sidecar: Any = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(sidecar, dict) and set(sidecar) >= _SIDECAR_KEYS
    return sidecar if ours and table.is_file() else None


def extract(settings: ExtractionSettings, job: MediaJob) -> Extracted:
    """Write a recording's landmark table, its sidecar, and its annotated copy if set.

    Raises:
        MediaError: The recording cannot be read.
        OSError: Results cannot be written.
    """
    table, copy = settings.table(job.recording), annotated_path(settings.folder, job.recording)
    # If a worker was lost after it had finished, there is nothing left to do.
    extracted = settings.current_table(job)
    if extracted is None:
        track = _known_track(job) or _found_track(settings, job)
        # In this order, nothing left by a process that dies can pass for up to date.
        copy.unlink(missing_ok=True)
        table.with_suffix(".json").unlink(missing_ok=True)
        write_track(track, table)
        shutil.rmtree(_checkpoints(settings, job.recording), ignore_errors=True)
        extracted = _extracted(track.provenance)
    if settings.annotated and not copy.is_file():
        annotate = annotate_photo if job.recording.kind == "photo" else annotate_video
        annotate(job.recording.path, read_track(table), settings.media, copy)
    return extracted


def _extracted(sidecar: dict[str, Any]) -> Extracted:
    verdict = sidecar.get("verdict")
    damage = "" if verdict is None else damage_found(verdict)
    return Extracted(sidecar["frames"], sidecar["frames_with_person"], damage)


def _known_track(job: MediaJob) -> LandmarkTrack | None:
    """The landmarks of the same recording under another name, if there are any."""
    if job.twin is None:
        return None
    try:
        track = read_track(job.twin)
    except TrackError:
        return None
    source = job.recording.name
    return replace(track, source=source, provenance=track.provenance | {"source": source})


def _found_track(settings: ExtractionSettings, job: MediaJob) -> LandmarkTrack:
    find = _photo_landmarks if job.recording.kind == "photo" else _video_landmarks
    track = find(settings, job.recording)
    provenance = track.provenance | {
        "source": job.recording.name,
        "media_sha256": job.media_sha256,
        "extraction_key": job.key,
        "frames": len(track),
        "frames_with_person": int(track.person.sum()),
    }
    return replace(track, source=job.recording.name, provenance=provenance)


def _photo_landmarks(settings: ExtractionSettings, recording: Recording) -> LandmarkTrack:
    frame = read_photo(recording.path, settings.media)
    track = photo_track(recording.name, frame, _photo_estimator(settings.pose), settings.pose)
    found = {
        "pose_model_sha256": settings.model_sha256,
        "picture_hashes": [perceptual_hash(frame.rgb)],
    }
    return replace(track, provenance=track.provenance | found)


def _video_landmarks(settings: ExtractionSettings, recording: Recording) -> LandmarkTrack:
    require_content(recording.path)
    extraction = extract_video(
        recording.path, settings.media, settings.pose, _checkpoints(settings, recording)
    )
    found = {
        "verdict": asdict(extraction.verdict),
        "picture_hashes": video_hashes(recording.path, settings.media),
    }
    return replace(extraction.track, provenance=extraction.track.provenance | found)


def _checkpoints(settings: ExtractionSettings, recording: Recording) -> Path:
    return settings.checkpoints / recording.filename


_this_thread = threading.local()


def _photo_estimator(pose: PoseParams) -> PoseEstimator:
    """This thread's estimator; starting one takes as long as processing several photos.

    Photos are independent of each other, so one estimator can process all of them, one at a time.
    """
    if getattr(_this_thread, "pose", None) != pose:
        if pose.model_path is None:
            raise ValueError("the path of the pose model is not set")
        estimator = PoseEstimator(pose.model_path, "photo", pose.max_people, pose)
        # To close, MediaPipe starts threads, which a worker's finalizers can still do; `atexit`
        # would be too late.
        Finalize(None, estimator.close, exitpriority=1)
        _this_thread.estimator, _this_thread.pose = estimator, pose
    estimator_here: PoseEstimator = _this_thread.estimator
    return estimator_here
