"""What is wrong with a data folder: its database, its jobs' folders, and whether they agree."""

import sqlite3
from pathlib import Path

from serving.errors import NotReadyError
from serving.jobs.database.known import known_jobs
from serving.settings import Settings
from serving.storage.data_dir import DataDir
from serving.storage.job_record import missing_files, read_record, recognise
from serving.storage.sqlite_file import QUEUE_FILE, damage, job_ids


def inspect_data_dir(settings: Settings, data_dir: DataDir) -> list[str]:
    """Everything that is wrong with a data folder, one sentence each; changes nothing."""
    url = settings.serving.database_url
    if url is not None:
        known, finding = _known_elsewhere(url, data_dir.instance)
    else:
        known, finding = _known(data_dir.root / QUEUE_FILE, bool(data_dir.job_ids()))
    findings = [finding] if finding else []
    findings += [f"jobs/{entry.name} is not the folder of a job." for entry in data_dir.strangers()]
    for job_id in sorted(data_dir.job_ids()):
        findings += _of_job(data_dir.jobs / job_id, known)
    if known is not None:
        findings += [
            f"The queue has the video {job_id}, but there is no folder jobs/{job_id}."
            for job_id in sorted(known - data_dir.job_ids())
        ]
    if data_dir.space.problem:
        findings.append(data_dir.space.problem)
    return findings


def _known_elsewhere(url: str, instance: str) -> tuple[set[str] | None, str | None]:
    """The same as ``_known``, for a database that is not in the data folder."""
    try:
        return known_jobs(url, instance), None
    except NotReadyError as error:
        return None, str(error)


def _known(database: Path, has_jobs: bool) -> tuple[set[str] | None, str | None]:
    """IDs of the jobs in the queue, if it can be read, and what is wrong with it."""
    if not database.is_file():
        return None, f"{QUEUE_FILE} is missing." if has_jobs else None
    try:
        fault = damage(database)
    except sqlite3.Error as error:
        return None, f"{QUEUE_FILE} cannot be read at the moment: {error}."
    if fault is not None:
        return None, f"{QUEUE_FILE} is broken: {fault}."
    return job_ids(database), None


def _of_job(folder: Path, known: set[str] | None) -> list[str]:
    name, findings = f"jobs/{folder.name}", []
    record = read_record(folder)
    if record is None:
        record = recognise(folder)
        if record is None:
            return [f"{name} has no video."]
        findings.append(f"{name} has no job.json that can be used.")
    if known is not None and folder.name not in known:
        findings.append(f"{name} ({record.source}) is not in the queue.")
    missing = missing_files(folder, record)
    if missing:
        findings.append(f"{name} ({record.source}) lacks {', '.join(missing)}.")
    return findings
