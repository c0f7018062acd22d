"""One recording to its landmark table: what a worker does."""

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

_SIDECAR_KEYS = frozenset({"extraction_key", "source", "frames", "frames_with_person"})


@dataclass(frozen=True)
class Extracted:
    """What a sidecar says of a finished table.

    Attributes:
        frames: number of frames.
        frames_with_person: number of frames in which somebody was found.
        damage: what is wrong with the recording; empty when nothing is.
    """

    frames: int
    frames_with_person: int
    damage: str


@dataclass(frozen=True)
class ExtractionSettings:
    """What all jobs of a run have in common.

    Attributes:
        folder: for the tables; absolute.
        media: limits.
        pose: how landmarks are found; the path of the pose model is set, and absolute.
        model_sha256: of the pose model file.
        annotated: whether copies with the landmarks drawn on them are made.
    """

    folder: Path
    media: MediaParams
    pose: PoseParams
    model_sha256: str
    annotated: bool

    @property
    def checkpoints(self) -> Path:
        """Where finished chunks of unfinished videos are kept."""
        return self.folder / ".checkpoints"

    def table(self, recording: Recording) -> Path:
        """Where the landmarks of a recording go."""
        return landmarks_path(self.folder, recording.kind, recording.name)

    def current(self, job: MediaJob) -> Extracted | None:
        """What is known of a recording when everything of it is up to date; else None."""
        if self.annotated and not annotated_path(self.folder, job.recording).is_file():
            return None
        return self.current_table(job)

    def current_table(self, job: MediaJob) -> Extracted | None:
        """The same, whatever annotated copies there are."""
        sidecar = stored_sidecar(self.table(job.recording))
        if sidecar is None:
            return None
        if (sidecar["extraction_key"], sidecar["source"]) != (job.key, job.recording.name):
            return None
        return _extracted(sidecar)


def stored_sidecar(table: Path) -> dict[str, Any] | None:
    """The sidecar of a landmark table, if both are there and this stage has written them."""
    try:
        sidecar: Any = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(sidecar, dict) and set(sidecar) >= _SIDECAR_KEYS
    return sidecar if ours and table.is_file() else None


def extract(settings: ExtractionSettings, job: MediaJob) -> Extracted:
    """Write the landmark table of a recording, its sidecar, and its annotated copy if wanted.

    Raises:
        MediaError: the recording cannot be read.
        OSError: results cannot be written.
    """
    table, copy = settings.table(job.recording), annotated_path(settings.folder, job.recording)
    # A worker that was lost after its work was done leaves nothing to do.
    extracted = settings.current_table(job)
    if extracted is None:
        track = _known_track(job) or _found_track(settings, job)
        # In this order, nothing that is left when the process dies is ever taken for current.
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
    """The landmarks of the same recording under its former name."""
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
    """This thread's estimator: to start one takes as long as to look at several photos.

    Photos are looked at afresh, so one estimator may see them all, but only one at a time.
    """
    if getattr(_this_thread, "pose", None) != pose:
        if pose.model_path is None:
            raise ValueError("the path of the pose model is not set")
        estimator = PoseEstimator(pose.model_path, "photo", pose.max_people, pose)
        # A worker's finalizers run while threads can still be started, which MediaPipe needs to
        # close; `atexit` would be too late.
        Finalize(None, estimator.close, exitpriority=1)
        _this_thread.estimator, _this_thread.pose = estimator, pose
    running: PoseEstimator = _this_thread.estimator
    return running
