"""What the stages that work through recordings have in common.

A stage brings one result per recording up to date. Results are up to date by their *key*, a hash of
the recording's contents and of all settings they depend on; names and dates of files do not matter.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from training.errors import TrainingError
from training.recordings.catalog import Recording
from training.recordings.fingerprints import content_hashes, remove_leftovers, settings_key
from training.recordings.reports import Failure
from training.runtime.workers import Failed, Workers, cannot_write, each_done

Progress = Callable[[int], None]


@dataclass(frozen=True)
class MediaJob:
    """A recording whose results are wanted.

    Attributes:
        recording: with an absolute path.
        media_sha256: of its contents.
        key: of all that its results depend on.
        twin: a result of the same key that was there before, under whatever name.
    """

    recording: Recording
    media_sha256: str
    key: str
    twin: Path | None = None


class Outcome(Protocol):
    """What a stage says of a finished recording."""

    @property
    def damage(self) -> str:
        """What is wrong with the recording; empty when nothing is."""


R = TypeVar("R", bound=Outcome)


@dataclass(frozen=True)
class Worked(Generic[R]):
    """What came of a stage's jobs."""

    done: dict[MediaJob, R]
    up_to_date: dict[MediaJob, R]
    failed: list[Failure]

    @property
    def outcomes(self) -> dict[MediaJob, R]:
        """Of all recordings that have results."""
        return {**self.done, **self.up_to_date}

    def as_report(self) -> dict[str, Any]:
        """The fields of a ``MediaReport`` that follow from it."""
        return {
            "done": tuple(sorted(job.recording.name for job in self.done)),
            "up_to_date": tuple(sorted(job.recording.name for job in self.up_to_date)),
            "damaged": tuple(
                sorted(
                    Failure(job.recording.name, outcome.damage)
                    for job, outcome in self.outcomes.items()
                    if outcome.damage
                )
            ),
            "failed": tuple(sorted(self.failed)),
        }


def media_jobs(
    recordings: Sequence[Recording], facts: Mapping[str, Any]
) -> tuple[list[MediaJob], list[Failure]]:
    """A job for every recording that can be read at all, the largest first.

    The largest first, so that nobody waits at the end for one that was begun last.

    Args:
        recordings: from ``find_recordings``.
        facts: everything but the recording that its results depend on.
    """
    contents = content_hashes(recordings)
    sizes, jobs, failed = {}, [], []
    for recording, content in contents.items():
        if isinstance(content, OSError):
            failed.append(Failure(recording.name, f"cannot be read ({content.strerror})"))
            continue
        key = settings_key({**facts, "media_sha256": content.sha256})
        absolute = Recording(recording.kind, recording.name, recording.path.absolute())
        sizes[recording.name] = content.size_bytes
        jobs.append(MediaJob(absolute, content.sha256, key))
    jobs.sort(key=lambda job: -sizes[job.recording.name])
    return jobs, failed


def work_through(
    jobs: Sequence[MediaJob],
    failed: Sequence[Failure],
    current: Callable[[MediaJob], R | None],
    task: Callable[[MediaJob], R],
    folder: Path,
    workers: Workers,
    progress: Progress | None,
) -> Worked[R]:
    """Do the jobs whose results are not up to date.

    Args:
        jobs: from ``media_jobs``.
        failed: recordings that could not be made jobs of.
        current: what is known of a recording whose results are up to date; else None.
        task: what is done in a worker.
        folder: where the results go.
        workers: where it is done.
        progress: called with how many more recordings are done.

    Raises:
        TrainingError: results cannot be written, or the cluster cannot be reached.
    """
    up_to_date = {job: known for job in jobs if (known := current(job)) is not None}
    worked: Worked[R] = Worked({}, up_to_date, list(failed))
    advance = progress or (lambda _: None)
    advance(len(up_to_date) + len(failed))
    todo = [job for job in jobs if job not in up_to_date]
    for job, result in each_done(task, todo, folder, workers):
        if isinstance(result, Failed):
            worked.failed.append(Failure(job.recording.name, result.reason))
        else:
            worked.done[job] = result
        advance(1)
    # A worker that died on the way has been replaced, but may have left something half written.
    remove_leftovers(folder)
    return worked


def prepare_folder(folder: Path) -> None:
    """Make sure that results can be written, and remove what killed runs have left half written.

    Raises:
        TrainingError: they cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
    except OSError as error:
        raise TrainingError(cannot_write(folder, error.strerror or str(error))) from error
    if not os.access(folder, os.W_OK):
        raise TrainingError(cannot_write(folder, "permission denied"))
