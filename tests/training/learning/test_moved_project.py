"""A project that was moved or copied finds its models again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.learning.registry.moved_store import repair_addresses
from training.runtime.only_one import only_one

OLD, NEW = (
    "file:///home/ann/yoga/var/tracking/artifacts",
    "file:///data/yoga/var/tracking/artifacts",
)


def store(path: Path, location: str) -> Path:
    """A database with MLflow's columns of addresses."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "create table experiments (name text, artifact_location text);"
            "create table runs (artifact_uri text);"
            "create table model_versions (source text, storage_location text);"
            "create table logged_models (artifact_location text);"
        )
        connection.execute("insert into experiments values ('poses', ?)", (location,))
        connection.execute("insert into experiments values ('other', '/elsewhere')")
        connection.execute("insert into runs values (?)", (f"{location}/1/artifacts",))
        connection.execute("insert into runs values ('s3://bucket/2')")
        connection.execute(
            "insert into model_versions values ('models:/m-1', ?)", (f"{location}/models/m-1",)
        )
        connection.execute("insert into logged_models values (?)", (f"{location}/models/m-1",))
    return path


def addresses(path: Path) -> list[str]:
    """All addresses in the database."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            text
            for query in (
                "select artifact_location from experiments order by name desc",
                "select artifact_uri from runs",
                "select storage_location from model_versions",
                "select artifact_location from logged_models",
            )
            for (text,) in connection.execute(query)
        ]


def test_addresses_follow_the_folder(tmp_path: Path) -> None:
    """Every address below the former folder is corrected, and no other."""
    path = store(tmp_path / "mlflow.db", OLD)
    assert repair_addresses(path, "poses", NEW) == 4
    assert addresses(path) == [
        NEW,
        "/elsewhere",
        f"{NEW}/1/artifacts",
        "s3://bucket/2",
        f"{NEW}/models/m-1",
        f"{NEW}/models/m-1",
    ]
    assert repair_addresses(path, "poses", NEW) == 0


@pytest.mark.parametrize("location", ["s3://bucket/artifacts", "file:///srv/shared", ""])
def test_addresses_chosen_by_a_person_stay(tmp_path: Path, location: str) -> None:
    """Only the folder next to the database moves with it."""
    path = store(tmp_path / "mlflow.db", location)
    before = addresses(path)
    assert repair_addresses(path, "poses", NEW) == 0
    assert addresses(path) == before
    assert repair_addresses(tmp_path / "none.db", "poses", NEW) == 0


def test_only_one_at_a_time(tmp_path: Path) -> None:
    """The second is told who is at it and since when; afterwards the folder is free."""
    with (
        only_one(tmp_path, "training"),
        pytest.raises(TrainingError) as raised,
        only_one(tmp_path, "training"),
    ):
        pass
    assert "process " in str(raised.value)
    assert "since 20" in str(raised.value)
    with only_one(tmp_path, "training"):
        pass
