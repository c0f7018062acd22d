"""Landmarks of many recordings: resumable, side by side, on a cluster if there is one.

A table is up to date when the sidecar beside it carries the recording's *extraction key*: a hash of
the recording's contents, the pose settings and the pose model. The table of a recording that was
renamed is copied, not computed again.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from shared_features.params import SharedParams
from shared_features.pose import model_asset
from shared_features.pose.checkpoints import landmark_provenance
from training.errors import RecordingError
from training.media.extraction import ExtractionSettings, extract, stored_sidecar
from training.params import ExtractionParams
from training.recordings.catalog import Kind, Recording, landmarks_path
from training.recordings.media_jobs import media_jobs, run_jobs
from training.recordings.media_report import MediaReport
from training.recordings.output_folder import prepare_folder
from training.recordings.perceptual_hashes import PERCEPTUAL_HASH
from training.runtime.progress_bar import ReportProgress
from training.runtime.workers import Workers

# Pose settings that say how a video is cut up mean nothing for a photo.
_VIDEO_ONLY = frozenset({"chunk_frames", "warmup_frames", "max_fps", "still_fps"})


@dataclass(frozen=True)
class ExtractionReport(MediaReport):
    """What came of an extraction.

    Attributes:
        without_person: names of recordings in which nobody was found.
    """

    without_person: tuple[str, ...]

    def warnings(self) -> list[str]:
        """What somebody should look at."""
        lines = super().warnings()
        if self.without_person:
            names = ", ".join(self.without_person)
            lines.append(f"Nobody was found in these {self.kind}s: {names}.")
        return lines

    def _numbers(self) -> list[tuple[str, int]]:
        *numbers, failed = super()._numbers()
        return [*numbers, ("without a person", len(self.without_person)), failed]


def extract_recordings(
    kind: Kind,
    recordings: Sequence[Recording],
    folder: Path,
    shared: SharedParams,
    extraction: ExtractionParams,
    cluster: str | None = None,
    report_progress: ReportProgress | None = None,
) -> ExtractionReport:
    """Bring the landmark tables of recordings up to date.

    Can be killed at any moment and run again: finished recordings are not computed again, a long
    video goes on behind its last finished chunk, and the tables are the same, byte for byte.

    Args:
        kind: what the recordings are.
        recordings: from ``find_recordings``.
        folder: for the tables.
        shared: limits and pose settings.
        extraction: number of processes, and whether annotated copies are made.
        cluster: address of a Dask scheduler to use instead of processes. Its workers need the same
            version of this package and see all files under the same paths.
        report_progress: Called with the number of recordings just finished.

    Raises:
        PoseAssetError: the pose model file is missing or damaged.
        RecordingError: recordings lie where tables and annotated copies go.
        TrainingError: the tables cannot be written, or the cluster cannot be reached.
    """
    model_path = model_asset.resolve(shared.pose.model_path).resolve()
    made_by = landmark_provenance(model_path, shared.pose)
    settings = ExtractionSettings(
        folder=folder.resolve(),
        media=shared.media,
        pose=shared.pose.model_copy(update={"model_path": model_path}),
        model_sha256=made_by["pose_model_sha256"],
        annotated=extraction.annotated_copies,
    )
    _refuse_annotated_copies(recordings, settings.folder)
    prepare_folder(folder)
    jobs, failed = media_jobs(recordings, _key_facts(kind, settings, made_by))
    tables = _tables_by_key(kind, settings.folder)
    results = run_jobs(
        [replace(job, twin=tables.get(job.key)) for job in jobs],
        failed,
        settings.current,
        partial(extract, settings),
        folder,
        Workers(extraction.workers, cluster),
        report_progress,
    )
    with suppress(OSError):  # videos that failed half-way go on from there another time
        settings.checkpoints.rmdir()
    without_person = [
        job.recording.name
        for job, extracted in results.outcomes.items()
        if extracted.frames_with_person == 0
    ]
    return ExtractionReport(
        kind=kind,
        vanished=_vanished(kind, recordings, folder),
        without_person=tuple(sorted(without_person)),
        **results.report_fields(),
    )


def _refuse_annotated_copies(recordings: Sequence[Recording], folder: Path) -> None:
    """A skeleton on a picture helps to find it: copies must never become recordings."""
    inside = [r.name for r in recordings if r.path.resolve().is_relative_to(folder)]
    if inside:
        raise RecordingError(
            f"{len(inside)} recordings, such as {inside[0]}, lie in {folder}, where tables and "
            "annotated copies are written. Choose another --output."
        )


def _key_facts(kind: Kind, settings: ExtractionSettings, made_by: dict[str, Any]) -> dict[str, Any]:
    """All that landmarks and their sidecars depend on beside the recording itself."""
    facts = {
        "kind": kind,
        "picture_hash": PERCEPTUAL_HASH,
        **settings.pose.model_dump(mode="json", exclude={"model_path"}),
        **made_by,
    }
    return {
        name: fact for name, fact in facts.items() if kind == "video" or name not in _VIDEO_ONLY
    }


def _tables_by_key(kind: Kind, folder: Path) -> dict[str, Path]:
    """The tables that are there, by extraction key."""
    return {
        sidecar["extraction_key"]: table
        for table in sorted(folder.glob(f"{kind}_*_landmarks.csv"))
        if (sidecar := stored_sidecar(table)) is not None
    }


def _vanished(kind: Kind, recordings: Sequence[Recording], folder: Path) -> tuple[str, ...]:
    wanted = {landmarks_path(folder, kind, recording.name).name for recording in recordings}
    tables = (path.name for path in folder.glob(f"{kind}_*_landmarks.csv"))
    return tuple(sorted(name for name in tables if name not in wanted))
