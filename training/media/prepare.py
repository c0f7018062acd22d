"""Prepares the camera's recordings for labelling and extraction.

Videos become smaller, upright and H.264, each frame at its own time; photos are copied unchanged.
Both get a mirrored copy if set. The keys of the results are kept in their folder, in ``.prepared``,
so that only changed recordings are processed again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared_features.params import MediaParams
from training.errors import RecordingError
from training.media.prepare_files import (
    PREPARATION_VERSION,
    Prepared,
    PrepareSettings,
    outputs,
    prepare_photo,
    prepare_video,
)
from training.params import ProcessPhotosParams, ProcessVideosParams
from training.recordings.catalog import SUFFIXES, Kind, Recording
from training.recordings.media_jobs import MediaJob, media_jobs, run_jobs
from training.recordings.media_report import MediaReport
from training.recordings.output_folder import prepare_folder
from training.runtime.progress_bar import ReportProgress
from training.runtime.workers import Workers
from training.words import counted


@dataclass(frozen=True)
class PrepareReport(MediaReport):
    """Results of preparing recordings."""


def process_videos(
    recordings: Sequence[Recording],
    folder: Path,
    media: MediaParams,
    processing: ProcessVideosParams,
    workers: Workers | None = None,
    report_progress: ReportProgress | None = None,
) -> PrepareReport:
    """Make smaller, upright copies of videos, and mirrored ones if set.

    Args:
        recordings: Recordings from ``find_recordings``.
        folder: Folder for the copies.
        media: Limits for videos.
        processing: Reduction factor, and whether to make mirrored copies.
        workers: Where the videos are processed; None: on all cores.
        report_progress: Called with the number of recordings just finished.

    Raises:
        RecordingError: Two copies would have the same name, or be among the recordings.
        TrainingError: Copies cannot be written, or the cluster cannot be reached.
    """
    settings = PrepareSettings(
        folder.resolve(), media, processing.mirrored_copy, processing.reduction_factor
    )
    return _process("video", recordings, settings, prepare_video, workers, report_progress)


def process_photos(
    recordings: Sequence[Recording],
    folder: Path,
    media: MediaParams,
    processing: ProcessPhotosParams,
    workers: Workers | None = None,
    report_progress: ReportProgress | None = None,
) -> PrepareReport:
    """Copy photos byte for byte, and make mirrored copies if set; see ``process_videos``."""
    settings = PrepareSettings(folder.resolve(), media, processing.mirrored_copy)
    return _process("photo", recordings, settings, prepare_photo, workers, report_progress)


def _process(
    kind: Kind,
    recordings: Sequence[Recording],
    settings: PrepareSettings,
    task: Callable[[PrepareSettings, MediaJob], Prepared],
    workers: Workers | None,
    report_progress: ReportProgress | None,
) -> PrepareReport:
    _refuse_recordings_inside(recordings, settings.folder)
    claimed = _claimed_names(recordings, settings)
    prepare_folder(settings.folder)
    jobs, failed = media_jobs(
        recordings,
        {
            "kind": kind,
            "preparation_version": PREPARATION_VERSION,
            "mirrored_copy": settings.mirrored_copy,
            "reduction_factor": settings.reduction_factor,
        },
    )
    results = run_jobs(
        jobs,
        failed,
        settings.current,
        partial(task, settings),
        settings.folder,
        workers or Workers(),
        report_progress,
    )
    vanished = (
        path.name
        for path in settings.folder.glob("[!.]*")
        if path.suffix.lower() in SUFFIXES[kind] and path.name not in claimed
    )
    return PrepareReport(kind=kind, vanished=tuple(sorted(vanished)), **results.report_fields())


def _refuse_recordings_inside(recordings: Iterable[Recording], folder: Path) -> None:
    inside = [r.name for r in recordings if r.path.resolve().is_relative_to(folder)]
    if inside:
        raise RecordingError(
            f"Copies would be written to {folder}, which holds "
            f"{counted(len(inside), 'recording')}, such as {inside[0]}. Choose another --output."
        )


def _claimed_names(recordings: Iterable[Recording], settings: PrepareSettings) -> set[str]:
    """The names of all copies.

    Raises:
        RecordingError: Two recordings would have the same copy.
    """
    makers = defaultdict(list)
    for recording in recordings:
        for path in outputs(settings, recording):
            makers[path.stem].append((path.name, recording.name))
    clashes = [
        f"{made[0][0]} from {' and from '.join(name for _, name in made)}"
        for made in makers.values()
        if len(made) > 1
    ]
    if clashes:
        raise RecordingError(
            f"These copies would be made twice: {'; '.join(clashes)}. Rename all recordings but "
            "one, or set `mirrored_copy: false` in params.yaml if mirrored copies exist already."
        )
    return {name for made in makers.values() for name, _ in made}
