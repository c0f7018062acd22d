"""Computes feature tables from landmark tables: ``*_features.csv`` from ``*_landmarks.csv``.

Each frame with a person gives a row, followed by a row for its mirror image (marked as augmented)
if the settings say so. Tables are read and written in pieces, so long ones take no more memory.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_features.errors import TrackError
from shared_features.features.spec import FeatureSpec
from shared_features.runtime.atomic import atomic_write
from training.data.dataset import settings_file
from training.data.feature_rows import write_header, write_rows
from training.data.landmark_pieces import landmark_pieces
from training.errors import RecordingError, TrainingError
from training.recordings.catalog import MIRRORED_PREFIX
from training.recordings.output_folder import prepare_folder
from training.runtime.unwritable import cannot_write
from training.runtime.workers import Failed, Workers, each_done

LANDMARKS_ENDING = "_landmarks.csv"
FEATURES_ENDING = "_features.csv"
# With less data, starting processes takes longer than the work.
_WORTH_A_PROCESS_BYTES = 1 << 25


@dataclass(frozen=True)
class FeatureJob:
    """A feature table to make.

    Attributes:
        landmarks: Path of the landmark table.
        features: Path of the feature table.
        spec: Features to compute.
        mirror: Whether to add each frame's mirror image.
    """

    landmarks: Path
    features: Path
    spec: FeatureSpec
    mirror: bool

    def settings(self) -> dict[str, Any]:
        """Everything the feature table depends on, as kept next to it."""
        source = self.landmarks.stat()
        return {
            "features": self.spec.hash,
            "mirrored": self.mirror,
            "landmarks": {"bytes": source.st_size, "modified_ns": source.st_mtime_ns},
        }


@dataclass(frozen=True)
class FeaturesMade:
    """Counts after making feature tables.

    Attributes:
        made: Number of feature tables written.
        up_to_date: Number of feature tables that were up to date.
        frames: Number of frames in all readable landmark tables.
        without_person: Number of these frames without a person; feature tables leave them out.
        damaged: A sentence about each landmark table that cannot be read.
    """

    made: int
    up_to_date: int
    frames: int
    without_person: int
    damaged: tuple[str, ...]


def make_feature_tables(
    landmarks: Path,
    features: Path,
    spec: FeatureSpec,
    mirror: bool,
    workers: int | None,
    advance: Callable[[int], None],
) -> FeaturesMade:
    """Write the feature table of each landmark table that has none, or an outdated one.

    Args:
        landmarks: Folder of landmark tables.
        features: Folder of feature tables.
        spec: Features to compute.
        mirror: Whether to add mirror images; never for a mirrored copy or a recording that has one.
        workers: Number of processes; None: one per usable processor core.
        advance: Called with the number of tables just finished.

    Raises:
        RecordingError: There are no landmark tables.
        TrainingError: The folder cannot be written to.
    """
    jobs = feature_jobs(landmarks, features, spec, mirror)
    prepare_folder(features)
    to_do = [job for job in jobs if not _is_up_to_date(job)]
    advance(len(jobs) - len(to_do))
    damaged = []
    for reason in _each_made(to_do, features, workers):
        if reason:
            damaged.append(reason)
        advance(1)
    facts = [made_with(job.features) for job in jobs]
    return FeaturesMade(
        made=len(to_do) - len(damaged),
        up_to_date=len(jobs) - len(to_do),
        frames=sum(fact.get("frames", 0) for fact in facts),
        without_person=sum(fact.get("without_person", 0) for fact in facts),
        damaged=tuple(sorted(damaged)),
    )


def feature_jobs(
    landmarks: Path, features: Path, spec: FeatureSpec, mirror: bool
) -> list[FeatureJob]:
    """The feature table that belongs to each landmark table.

    Raises:
        RecordingError: There are no landmark tables.
    """
    tables = sorted(landmarks.glob(f"[!.]*{LANDMARKS_ENDING}"))
    if not tables:
        raise RecordingError(
            f"There are no landmark tables (*{LANDMARKS_ENDING}) in {landmarks}. Run `straps-train "
            "extract-video-landmarks` or `extract-photo-landmarks` first."
        )
    names = {table.name for table in tables}
    return [
        FeatureJob(
            table,
            features / (table.name.removesuffix(LANDMARKS_ENDING) + FEATURES_ENDING),
            spec,
            mirror and not _has_mirrored_copy(table.name, names),
        )
        for table in tables
    ]


def _has_mirrored_copy(name: str, names: set[str]) -> bool:
    """Whether a table belongs to a mirrored copy or to a recording that has one."""
    kind, _, rest = name.partition("_")
    return rest.startswith(MIRRORED_PREFIX) or f"{kind}_{MIRRORED_PREFIX}{rest}" in names


def _is_up_to_date(job: FeatureJob) -> bool:
    kept = made_with(job.features)
    return job.features.is_file() and all(
        kept.get(key) == value for key, value in job.settings().items()
    )


def made_with(features: Path) -> dict[str, Any]:
    """The settings a feature table was made with; empty if unknown."""
    try:
        kept = json.loads(settings_file(features).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _each_made(jobs: Sequence[FeatureJob], features: Path, workers: int | None) -> Iterator[str]:
    """After each job, what is wrong with its landmark table; empty if it was readable."""
    size = sum(job.landmarks.stat().st_size for job in jobs)
    if workers == 1 or size < _WORTH_A_PROCESS_BYTES:
        try:
            yield from map(make_or_remove, jobs)
        except OSError as error:
            raise TrainingError(cannot_write(features, error)) from error
        return
    for job, result in each_done(make_or_remove, jobs, features, Workers(workers)):
        yield f"{job.landmarks}: {result.reason}" if isinstance(result, Failed) else result


def make_or_remove(job: FeatureJob) -> str:
    """Write a feature table, or remove it and return why its landmarks cannot be read.

    A feature table that stayed behind would be trained on unnoticed.
    """
    try:
        make_feature_table(job)
    except TrackError as error:
        settings_file(job.features).unlink(missing_ok=True)
        job.features.unlink(missing_ok=True)
        return str(error)
    return ""


def make_feature_table(job: FeatureJob) -> None:
    """Write a feature table, and its settings next to it.

    Raises:
        TrackError: The landmark table is damaged.
    """
    settings = job.settings()
    kind = job.landmarks.name.partition("_")[0]
    frames = people = 0
    with atomic_write(job.features) as temporary, temporary.open("wb") as file:
        write_header(file, job.spec)
        for piece in landmark_pieces(job.landmarks):
            write_rows(file, f"{kind}_{piece.source}", frames, piece, job.spec, job.mirror)
            frames += len(piece)
            people += int(piece.person.sum())
    counts = {"frames": frames, "without_person": frames - people}
    # The settings are written last: a table without them, or with older ones, is made again.
    with atomic_write(settings_file(job.features)) as temporary:
        temporary.write_text(json.dumps(settings | counts, indent=1) + "\n", encoding="utf-8")
