"""Opens the queue: a broken database file is set aside, and unknown folders are taken up again."""

import logging
from collections.abc import Callable
from pathlib import Path

from serving.errors import DataDirError
from serving.jobs.database.stored import JobInput, WorkflowKind
from serving.jobs.database.take_up import TakenUp, take_up
from serving.jobs.database.workflows import Workflows
from serving.settings import Settings
from serving.storage.data_dir import DataDir
from serving.storage.sqlite_file import QUEUE_FILE, damage, set_aside

_LOG = logging.getLogger(__name__)


def open_workflows(
    settings: Settings,
    data_dir: DataDir,
    workers: dict[WorkflowKind, int],
    run: dict[WorkflowKind, Callable[[str, JobInput], str | None]] | None,
) -> Workflows:
    """Open the queue, with every folder in it.

    Args:
        settings: Location of the database.
        data_dir: Folder of the jobs, and of the database if none is named.
        workers: Number of workflows of each kind that run in parallel.
        run: The work of each kind; None: this service only answers clients.

    Raises:
        Exception: The database cannot be used at the moment.
    """
    _replace_broken(own_database(settings, data_dir.root))
    role = settings.serving.role
    replica = None if data_dir.replica is None else (data_dir.replica, role)
    url = _url(settings, data_dir.root)
    workflows = Workflows(url, data_dir.instance, workers, run, replica)
    try:
        with data_dir.exclusive():
            take_up(workflows, data_dir)
    except BaseException:
        workflows.close()
        raise
    return workflows


def rebuild_queue(settings: Settings, data_dir: DataDir) -> tuple[TakenUp, Path | None]:
    """Rebuild the queue from the folders, without running anything.

    Returns:
        What was done, and where a broken database file was put.

    Raises:
        DataDirError: The database cannot be used at the moment.
    """
    aside = _replace_broken(own_database(settings, data_dir.root))
    url = _url(settings, data_dir.root)
    try:
        workflows = Workflows(url, data_dir.instance, {"analysis": 1, "overlay": 1}, run=None)
    except Exception as error:
        # The errors of the database driver, SQLAlchemy and DBOS have no common base class.
        raise DataDirError(
            f"The queue's database cannot be used ({type(error).__name__}). See that it runs, and "
            "check `serving.database_url` in params.yaml."
        ) from error
    try:
        return take_up(workflows, data_dir), aside
    finally:
        workflows.close()


def own_database(settings: Settings, root: Path) -> Path | None:
    """Path of the database file in the data folder; None if the settings name another database."""
    return root / QUEUE_FILE if settings.serving.database_url is None else None


def _url(settings: Settings, root: Path) -> str:
    return settings.serving.database_url or f"sqlite:///{root / QUEUE_FILE}"


def _replace_broken(path: Path | None) -> Path | None:
    fault = None if path is None else damage(path)
    if path is None or fault is None:
        return None
    aside = set_aside(path)
    _LOG.error(
        "the database %s is broken (%s); it is kept as %s and rebuilt from the folders",
        path,
        fault,
        aside.name,
    )
    return aside
