"""Repairs the addresses in MLflow's own database after its folder was moved or copied.

MLflow stores the absolute address of every artifact. A local store keeps its artifacts next to the
database, so the right addresses follow from where the database is.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

# Every column of MLflow 3's tables that may hold the address of an artifact.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def repair_addresses(database: Path, experiment: str, artifacts: str) -> int:
    """Replace the former address of the artifacts by the present one, wherever it is stored.

    Args:
        database: SQLite file of the store.
        experiment: Name of the experiment whose artifacts are next to the database.
        artifacts: Present address of their folder, as a URI.

    Returns:
        The number of addresses that were changed.
    """
    if not database.is_file():
        return 0
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        tables = {row[0] for row in connection.execute("select name from sqlite_master")}
        if "experiments" not in tables:
            return 0
        found = connection.execute(
            "select artifact_location from experiments where name = ?", (experiment,)
        ).fetchone()
        former = None if found is None else str(found[0] or "")
        # An address of another form was chosen by a person.
        if not former or former == artifacts or not _is_alike(former, artifacts):
            return 0
        changed = 0
        for table, column in _ADDRESSES:
            if table not in tables or column not in _columns(connection, table):
                continue
            # The names are constants of this module.
            changed += connection.execute(
                f"update {table} set {column} = ? || substr({column}, ?) "  # noqa: S608
                f"where {column} = ? or substr({column}, 1, ?) = ?",
                (artifacts, len(former) + 1, former, len(former) + 1, f"{former}/"),
            ).rowcount
        return changed


def _is_alike(former: str, artifacts: str) -> bool:
    return former.startswith("file:") and former.rsplit("/", 1)[-1] == artifacts.rsplit("/", 1)[-1]


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"pragma table_info({table})")}
