"""Extracts the landmarks of many recordings in parallel, resumable, on a cluster if there is one.

A table is up to date if its sidecar has the recording's *extraction key*: a hash of the recording's
contents, the pose settings and the pose model. The table of a renamed recording is copied, not
computed again.
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
from shared_features.pose.photo_looks import PHOTO_LOOKS
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
from training.words import counted

# Pose settings about chunks and sampling do not affect photos.
_VIDEO_ONLY = frozenset({"chunk_frames", "warmup_frames", "max_fps", "still_fps"})


@dataclass(frozen=True)
class ExtractionReport(MediaReport):
    """Results of an extraction.

    Attributes:
        without_person: Names of recordings in which no person was found.
    """

    without_person: tuple[str, ...]

    def warnings(self) -> list[str]:
        """Problems that a person should look at; each is a line or a list."""
        lines = super().warnings()
        if self.without_person:
            names = ", ".join(self.without_person)
            lines.append(f"No person was found in these {self.kind}s: {names}.")
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

    The run can be killed at any moment and started again: finished recordings are not computed
    again, a long video continues after its last finished chunk, and the tables are the same, byte
    for byte.

    Args:
        kind: Kind of the recordings.
        recordings: Recordings from ``find_recordings``.
        folder: Folder for the tables.
        shared: Media limits and pose settings.
        extraction: Number of processes, and whether to make annotated copies.
        cluster: Address of a Dask scheduler to use instead of processes. Its workers need the same
            version of this package and the same files under the same paths.
        report_progress: Called with the number of recordings just finished.

    Raises:
        PoseAssetError: The pose model file is missing or damaged.
        RecordingError: Recordings are in the folder for tables and annotated copies.
        TrainingError: The tables cannot be written, or the cluster cannot be reached.
    """
    model_path = model_asset.resolve(shared.pose.model_path, shared.pose.network).resolve()
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
    with suppress(OSError):  # Not empty if a video failed half-way; it continues there next time.
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
    """Annotated copies must not become recordings, since a drawn skeleton is easier to detect."""
    inside = [r.name for r in recordings if r.path.resolve().is_relative_to(folder)]
    if inside:
        raise RecordingError(
            f"Tables and annotated copies would be written to {folder}, which holds "
            f"{counted(len(inside), 'recording')}, such as {inside[0]}. Choose another --output."
        )


def _key_facts(kind: Kind, settings: ExtractionSettings, made_by: dict[str, Any]) -> dict[str, Any]:
    """Everything that landmarks and sidecars depend on, except the recording itself."""
    facts = {
        "kind": kind,
        "picture_hash": PERCEPTUAL_HASH,
        **settings.pose.model_dump(mode="json", exclude={"model_path"}),
        **made_by,
    }
    if kind == "photo":
        facts["photo_looks"] = PHOTO_LOOKS
    return {
        name: fact for name, fact in facts.items() if kind == "video" or name not in _VIDEO_ONLY
    }


def _tables_by_key(kind: Kind, folder: Path) -> dict[str, Path]:
    """The existing tables, by extraction key."""
    return {
        sidecar["extraction_key"]: table
        for table in sorted(folder.glob(f"{kind}_*_landmarks.csv"))
        if (sidecar := stored_sidecar(table)) is not None
    }


def _vanished(kind: Kind, recordings: Sequence[Recording], folder: Path) -> tuple[str, ...]:
    wanted = {landmarks_path(folder, kind, recording.name).name for recording in recordings}
    tables = (path.name for path in folder.glob(f"{kind}_*_landmarks.csv"))
    return tuple(sorted(name for name in tables if name not in wanted))
