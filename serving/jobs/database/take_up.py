"""Makes the queue's database and the jobs' folders agree, at the start of the service.

The folders decide: they hold the videos. A folder that the database does not know, because the
database was lost, broken or replaced by an older copy, is taken up again: as done or failed if it
says so, otherwise as a new job. What cannot be a job is set aside. Nothing is removed from the
folders. What the database knows without a folder was deleted, and is forgotten.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from serving.jobs.database.stored import KINDS, JobInput, Workflow, WorkflowKind
from serving.jobs.database.workflows import Workflows
from serving.storage.data_dir import DataDir
from serving.storage.job_record import (
    JobRecord,
    is_settled,
    read_record,
    recognise,
    write_record,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakenUp:
    """What was done to make the database and the folders agree.

    Attributes:
        taken_up: IDs of jobs that the database did not know.
        set_aside: Names of folders and files that are no jobs.
        forgotten: IDs of jobs without a folder.
    """

    taken_up: tuple[str, ...]
    set_aside: tuple[str, ...]
    forgotten: tuple[str, ...]


def take_up(workflows: Workflows, data_dir: DataDir) -> TakenUp:
    """Make the database agree with the folders, and give every folder its record."""
    present = data_dir.job_ids()
    stored = _stored(workflows, present)
    aside = [data_dir.set_aside(stranger).name for stranger in data_dir.strangers()]
    unknown: list[JobRecord] = []
    for job_id in present:
        job = stored.get(job_id, {})
        if data_dir.copies and "analysis" in job:
            continue  # its folder need not be here
        data_dir.fetch(job_id)
        record = _recorded(data_dir.jobs / job_id, job)
        if record is None:
            aside.append(data_dir.set_aside(data_dir.jobs / job_id).name)
        elif "analysis" not in job:
            unknown.append(record)
    forgotten = [job_id for job_id in stored if job_id not in present]
    for job_id in forgotten:
        for kind in KINDS:
            workflows.remove(kind, job_id)
    for record in sorted(unknown, key=lambda record: record.created_s):
        _add(workflows, data_dir, record)
    _add_overlays(workflows, data_dir, stored, present)
    for what, names in (("taken up again", [r.id for r in unknown]), ("set aside", aside)):
        if names:
            _LOG.warning("%d folders were %s: %s", len(names), what, ", ".join(names))
    return TakenUp(tuple(r.id for r in unknown), tuple(aside), tuple(forgotten))


def _stored(workflows: Workflows, present: set[str]) -> dict[str, dict[WorkflowKind, Workflow]]:
    """The jobs in the database, by ID."""
    stored = workflows.of_jobs(present)
    if not workflows.is_shared:  # otherwise another service may be adding one at this moment
        stored |= {job_id: job for job in workflows.all() if (job_id := _id_of(job)) is not None}
    return stored


def _recorded(folder: Path, job: dict[WorkflowKind, Workflow]) -> JobRecord | None:
    """The record in a job's folder, which gets one if it has none; None if it cannot be a job's."""
    record = read_record(folder)
    if record is None:
        record = _record_of(job) if "analysis" in job else recognise(folder)
        if record is not None:
            write_record(folder, record)
    return record


def _id_of(job: dict[WorkflowKind, Workflow]) -> str | None:
    return next((workflow.job_id for workflow in job.values()), None)


def _record_of(job: dict[WorkflowKind, Workflow]) -> JobRecord:
    """The record of a job from a version that wrote none."""
    analysis = job["analysis"]
    outcomes = {kind: found.outcome for kind, found in job.items() if found.state == "ended"}
    given = analysis.given
    return JobRecord(
        analysis.job_id, given.media, given.source, given.created_s, outcomes, owner=given.owner
    )


def _add(workflows: Workflows, data_dir: DataDir, record: JobRecord) -> None:
    folder = data_dir.jobs / record.id
    given = JobInput(record.media, record.source, record.created_s, record.owner)
    for kind in reversed(KINDS):  # the end of an analysis starts an overlay, unless there is one
        if not workflows.is_shared:
            # Under another queue's name, or left over from half a job.
            workflows.remove(kind, record.id)
        if is_settled(folder, record, kind):
            workflows.add_ended(kind, record.id, given, record.outcomes[kind])
    if not is_settled(folder, record, "analysis"):
        if not workflows.is_shared:
            workflows.remove("overlay", record.id)
        workflows.add("analysis", record.id, given)  # does nothing if it was added meanwhile


def _add_overlays(
    workflows: Workflows,
    data_dir: DataDir,
    stored: dict[str, dict[WorkflowKind, Workflow]],
    present: set[str],
) -> None:
    """Early versions drew no overlays, and a process may be killed before one is drawn again."""
    for job_id in present & stored.keys():
        job = stored[job_id]
        analysis = job.get("analysis")
        if analysis is None or "overlay" in job or data_dir.job(job_id) is None:
            continue
        if analysis.state == "ended" and analysis.outcome is None:
            workflows.add("overlay", job_id, analysis.given)
