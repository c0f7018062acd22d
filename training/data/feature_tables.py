"""Landmark tables to feature tables: ``*_landmarks.csv`` to ``*_features.csv``.

A row is a frame with a person, and after it, if wanted, the same frame's mirror image, marked as
augmented. Tables are read and written in pieces, so a table's length costs no memory.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_features import spatial
from shared_features.atomic import written_whole
from shared_features.errors import TrackError
from shared_features.features import FeatureSpec
from shared_features.landmarks import LandmarkTrack
from training.data.dataset import settings_file
from training.data.landmark_pieces import landmark_pieces
from training.data.recordings import MIRRORED_PREFIX
from training.data.stage import prepare_folder
from training.data.workers import Failed, Workers, each_done
from training.errors import RecordingError

if TYPE_CHECKING:
    import pyarrow

FRAME_COLUMNS = ("frame_number", "pts_s", "filename", "augmented")
"""The columns before the features."""
LANDMARKS_ENDING = "_landmarks.csv"
FEATURES_ENDING = "_features.csv"
# Starting a second process costs as much as this many bytes of landmarks take.
_WORTH_A_PROCESS_BYTES = 1 << 25


@dataclass(frozen=True)
class FeatureJob:
    """One table to make.

    Attributes:
        landmarks: the table to read.
        features: the table to write.
        spec: which features.
        mirror: whether each frame's mirror image is added.
    """

    landmarks: Path
    features: Path
    spec: FeatureSpec
    mirror: bool

    def settings(self) -> dict[str, Any]:
        """What the table depends on."""
        source = self.landmarks.stat()
        return {
            "features": self.spec.hash,
            "mirrored": self.mirror,
            "landmarks": {"bytes": source.st_size, "modified_ns": source.st_mtime_ns},
        }


@dataclass(frozen=True)
class FeaturesMade:
    """What became of the landmark tables.

    Attributes:
        made: number of feature tables written.
        up_to_date: number of feature tables that were left as they are.
        frames: number of frames in all landmark tables that can be read.
        without_person: how many of them show nobody, and are in no feature table.
        damaged: a sentence on each landmark table that cannot be read.
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
    """Write the feature table of each landmark table that has none, or one that is out of date.

    Args:
        landmarks: folder of landmark tables.
        features: folder for feature tables.
        spec: which features.
        mirror: add mirror images, except where the recording has a mirrored copy, or is one.
        workers: processes; None: one per processor core.
        advance: called with the number of tables done.

    Raises:
        RecordingError: there are no landmark tables.
        TrainingError: the folder cannot be written to.
    """
    jobs = feature_jobs(landmarks, features, spec, mirror)
    prepare_folder(features)
    to_do = [job for job in jobs if not _is_up_to_date(job)]
    advance(len(jobs) - len(to_do))
    size = sum(job.landmarks.stat().st_size for job in to_do)
    if size < _WORTH_A_PROCESS_BYTES:
        workers = 1
    damaged = []
    for job, result in each_done(make_or_remove, to_do, features, Workers(workers)):
        reason = f"{job.landmarks}: {result.reason}" if isinstance(result, Failed) else result
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
    """The table to make for each landmark table.

    Raises:
        RecordingError: there are no landmark tables.
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
            mirror and not _has_twin(table.name, names),
        )
        for table in tables
    ]


def _has_twin(name: str, names: set[str]) -> bool:
    """Whether a table belongs to a mirrored copy, or to a recording that has one."""
    kind, _, rest = name.partition("_")
    return rest.startswith(MIRRORED_PREFIX) or f"{kind}_{MIRRORED_PREFIX}{rest}" in names


def _is_up_to_date(job: FeatureJob) -> bool:
    kept = made_with(job.features)
    return job.features.is_file() and all(
        kept.get(key) == value for key, value in job.settings().items()
    )


def made_with(features: Path) -> dict[str, Any]:
    """What a feature table was made with; empty if that is not known."""
    try:
        kept = json.loads(settings_file(features).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def make_or_remove(job: FeatureJob) -> str:
    """Write one feature table; or remove it and say why its landmarks cannot be read.

    Features of landmarks that are no longer there would be trained on unnoticed.
    """
    try:
        make_feature_table(job)
    except TrackError as error:
        settings_file(job.features).unlink(missing_ok=True)
        job.features.unlink(missing_ok=True)
        return str(error)
    return ""


def make_feature_table(job: FeatureJob) -> None:
    """Write one feature table, and beside it what it was made with.

    Raises:
        TrackError: the landmark table is damaged.
    """
    settings = job.settings()
    kind = job.landmarks.name.partition("_")[0]
    frames = people = 0
    with written_whole(job.features) as temporary, temporary.open("wb") as file:
        file.write(_line([*FRAME_COLUMNS, *job.spec.columns]))
        for piece in landmark_pieces(job.landmarks):
            filename = f"{kind}_{piece.source}"
            _write_rows(file, filename, frames, piece, job)
            frames += len(piece)
            people += int(piece.person.sum())
    counts = {"frames": frames, "without_person": frames - people}
    # The settings come last: a table without them, or with older ones, is made again.
    with written_whole(settings_file(job.features)) as temporary:
        temporary.write_text(json.dumps(settings | counts, indent=1) + "\n", encoding="utf-8")


def _line(fields: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()


def _write_rows(
    file: io.BufferedWriter, filename: str, first: int, piece: LandmarkTrack, job: FeatureJob
) -> None:
    import pyarrow
    from pyarrow import csv as arrow_csv

    chosen = np.flatnonzero(piece.person)
    features = [job.spec.of_track(piece)[chosen]]
    if job.mirror:
        features.append(job.spec.of_track(piece.mirrored())[chosen])
    times = len(features)
    # Frame by frame: the real one, then its mirror image.
    interleaved = np.stack(features, axis=1).reshape(-1, len(job.spec.columns))
    facts = [
        pyarrow.array(np.repeat(first + chosen, times)),
        pyarrow.array(np.repeat(piece.pts_s[chosen], times)),
        pyarrow.array([filename] * len(interleaved), pyarrow.string()),
        pyarrow.array(np.tile(np.arange(times, dtype=np.uint8), len(chosen))),
    ]
    table = pyarrow.table(
        [*facts, *_columns(interleaved, job.spec)], names=[*FRAME_COLUMNS, *job.spec.columns]
    )
    # Arrow either quotes every text or none; a file name that needs quotes is a rare thing.
    needs_quotes = _line([filename]).startswith(b'"')
    options = arrow_csv.WriteOptions(
        include_header=False, quoting_style="needed" if needs_quotes else "none"
    )
    arrow_csv.write_csv(table, file, options)


def _columns(features: NDArray[np.float32], spec: FeatureSpec) -> "Iterator[pyarrow.Array]":
    """Numbers with as many digits as give back the same float32, relations as words."""
    import pyarrow

    words = pyarrow.array([*spatial.WORDS.values(), ""])
    codes = np.array(list(spatial.WORDS))
    for place, column in enumerate(spec.columns):
        values = np.ascontiguousarray(features[:, place])
        if column in spatial.COLUMNS:
            unknown = np.isnan(values)
            places = np.where(unknown, len(codes), np.searchsorted(codes, values))
            yield words.take(pyarrow.array(places))
        else:
            yield pyarrow.array(values)
