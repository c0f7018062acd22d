"""Brings one result per recording up to date: the part that all media stages share.

A result is up to date if its *key* is: a hash of the recording's contents and of all settings that
the result depends on. File names and dates do not matter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from training.recordings.catalog import Recording
from training.recordings.content_hashes import content_hashes, settings_key
from training.recordings.media_report import Failure
from training.recordings.output_folder import remove_leftovers
from training.runtime.progress_bar import ReportProgress
from training.runtime.workers import Failed, Workers, each_done


@dataclass(frozen=True)
class MediaJob:
    """A recording whose results are wanted.

    Attributes:
        recording: Recording, with an absolute path.
        media_sha256: SHA-256 of its contents.
        key: Hash of everything that its results depend on.
        twin: Existing result with the same key, made under another name of the recording.
    """

    recording: Recording
    media_sha256: str
    key: str
    twin: Path | None = None


class Outcome(Protocol):
    """What a stage knows about a finished recording."""

    @property
    def damage(self) -> str:
        """Description of the recording's damage; empty if it is intact."""


R = TypeVar("R", bound=Outcome)


@dataclass(frozen=True)
class JobResults(Generic[R]):
    """Results of a stage's jobs.

    Attributes:
        done: Outcome of each job done in this run.
        up_to_date: Outcome of each job whose results were up to date before.
        failed: Recordings without a result.
    """

    done: dict[MediaJob, R]
    up_to_date: dict[MediaJob, R]
    failed: list[Failure]

    @property
    def outcomes(self) -> dict[MediaJob, R]:
        """Outcomes of all recordings that have results."""
        return {**self.done, **self.up_to_date}

    def report_fields(self) -> dict[str, Any]:
        """The fields of a ``MediaReport`` that follow from these results."""
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
    """A job for every readable recording, and the recordings that cannot be read.

    The largest recording comes first, so that the run does not end with one worker busy on a large
    recording while the others are idle.

    Args:
        recordings: Recordings from ``find_recordings``.
        facts: Everything the results depend on, except the recording itself.
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


def run_jobs(
    jobs: Sequence[MediaJob],
    failed: Sequence[Failure],
    current: Callable[[MediaJob], R | None],
    task: Callable[[MediaJob], R],
    folder: Path,
    workers: Workers,
    report_progress: ReportProgress | None,
) -> JobResults[R]:
    """Do the jobs whose results are not up to date.

    Args:
        jobs: Jobs from ``media_jobs``.
        failed: Recordings that cannot be read, from ``media_jobs``.
        current: Returns the outcome of a job whose results are up to date, and None for others.
        task: Does a job, in a worker.
        folder: Folder of the results.
        workers: Where the jobs are done.
        report_progress: Called with the number of recordings just finished.

    Raises:
        TrainingError: Results cannot be written, or the cluster cannot be reached.
    """
    up_to_date = {job: known for job in jobs if (known := current(job)) is not None}
    results: JobResults[R] = JobResults({}, up_to_date, list(failed))
    advance = report_progress or (lambda _: None)
    advance(len(up_to_date) + len(failed))
    todo = [job for job in jobs if job not in up_to_date]
    for job, result in each_done(task, todo, folder, workers):
        if isinstance(result, Failed):
            results.failed.append(Failure(job.recording.name, result.reason))
        else:
            results.done[job] = result
        advance(1)
    # A worker that died has been replaced, but may have left an unfinished file.
    remove_leftovers(folder)
    return results
