"""The queue's SQLite file: whether it can be used, and setting it aside when it cannot."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

QUEUE_FILE = "queue.sqlite"
# The table of jobs in a database that DBOS has set up, and the one that says it has.
_JOBS_TABLE, _SET_UP_TABLE = "workflow_status", "dbos_migrations"
_COMPANIONS = ("", "-wal", "-shm", "-journal")
# Errors that say something about the disk, or about other users of the file, but not about it.
_PASSING = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN")


def damage(path: Path) -> str | None:
    """What is wrong with a database file; None if it is sound or there is none.

    Raises:
        sqlite3.Error: It cannot be read at the moment, which says nothing about the file.
    """
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path)) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                return str(found)
            names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            if _SET_UP_TABLE in names and _JOBS_TABLE not in names:
                return f"the table {_JOBS_TABLE} is missing"
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith(_PASSING):
            raise
        return str(error)
    return None


def job_ids(path: Path) -> set[str]:
    """IDs of the jobs in a sound database file; none if DBOS has not set it up."""
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE name = ?", (_JOBS_TABLE,))
        if tables.fetchone() is None:
            return set()
        rows = database.execute(f"SELECT workflow_uuid FROM {_JOBS_TABLE}")  # noqa: S608 - ours
        return {workflow_id.partition("-")[0] for (workflow_id,) in rows}


def set_aside(path: Path) -> Path:
    """Rename a database file, with the files that belong to it; returns its new path."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = path.with_name(f"{path.name}.broken-{stamp}")
    for suffix in _COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(target.with_name(target.name + suffix))
    return target
