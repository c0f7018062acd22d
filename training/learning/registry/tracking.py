"""MLflow: where runs and registered models are kept, and the runs of one training.

Importing MLflow takes seconds, so commands import this module when they run.
"""

import io
import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

# Said before MLflow is imported: nothing here reports to anyone.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# Where there is no git, nothing is said about the commit.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git
import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from shared_features.params import PROJECT_ROOT
from training.errors import TrainingError
from training.learning.registry.mlflow_store import mlflow_uri
from training.params import TrackingParams
from training.runtime.locks import locked

# What it says of its tables and of each step is of no use to whoever trains.
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

_MAX_PARAMETER_LENGTH = 500
_ARTIFACTS = "artifacts"
_HOST_TAG = "process.host"
_PROCESS_TAG = "process.id"


def connect(params: TrackingParams) -> MlflowClient:
    """Point MLflow to its store, make the store and the experiment if they are new.

    A new SQLite file that several processes open at once breaks in its first migration, so the
    first use of a store is serialised.

    Raises:
        TrainingError: the store cannot be reached or used.
    """
    uri = mlflow_uri(params)
    try:
        params.folder.mkdir(parents=True, exist_ok=True)
        with locked(params.folder / "mlflow.lock"):
            _require_database(uri)
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            client = MlflowClient()
            if client.get_experiment_by_name(params.experiment) is None:
                # A server keeps artifacts where it was told to; files are kept beside the database.
                local = None if uri.startswith("http") else (params.folder / _ARTIFACTS).as_uri()
                client.create_experiment(params.experiment, artifact_location=local)
            mlflow.set_experiment(params.experiment)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise TrainingError(
            f"MLflow's store {_without_secret(uri)} cannot be used ({_first_line(error)}). Check "
            "`training.tracking.mlflow_uri` in params.yaml, and that the store is running and may "
            "be written to."
        ) from error
    return client


@contextmanager
def run(name: str, nested: bool = True) -> Iterator[str]:
    """An MLflow run; gives its id. It ends as failed when the block raises."""
    tags = {_HOST_TAG: socket.gethostname(), _PROCESS_TAG: str(os.getpid())}
    with mlflow.start_run(run_name=name, nested=nested, tags=tags) as active:
        yield active.info.run_id


def close_abandoned(params: TrackingParams) -> None:
    """Mark runs as killed whose process was killed on this machine, and could not say so itself."""
    client = connect(params)
    experiment = client.get_experiment_by_name(params.experiment)
    if experiment is None:
        return
    ours = f"attributes.status = 'RUNNING' and tags.`{_HOST_TAG}` = '{socket.gethostname()}'"
    for found in client.search_runs([experiment.experiment_id], filter_string=ours):
        if not _is_alive(int(found.data.tags[_PROCESS_TAG])):
            client.set_terminated(found.info.run_id, status="KILLED")


@contextmanager
def quiet() -> Iterator[None]:
    """Without the lines that MLflow prints to standard error, whatever the level of its log is."""
    with redirect_stderr(io.StringIO()):
        yield


def log_parameters(parameters: Mapping[str, Any]) -> None:
    """Log nested settings under dotted names."""
    flat = {name: str(value)[:_MAX_PARAMETER_LENGTH] for name, value in _flattened("", parameters)}
    mlflow.log_params(flat)


def log_environment() -> None:
    """Log the version of every installed package, and of this program."""
    mlflow.set_tags({f"git.{name}": value for name, value in _commit().items()})
    versions = {found.name: found.version for found in distributions()}
    mlflow.log_dict(dict(sorted(versions.items())), "environment.json")


def log_files(paths: list[Path], folder: str | None = None) -> None:
    """Log files as artifacts."""
    for path in paths:
        mlflow.log_artifact(str(path), folder)


def log_json(content: Any, name: str) -> None:
    """Log a value as a JSON artifact."""
    mlflow.log_text(json.dumps(content, indent=1, sort_keys=True) + "\n", name)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # someone else's
    return True


def _commit() -> dict[str, str]:
    """The commit that this program is checked out at, if it is."""
    try:
        repository = git.Repo(PROJECT_ROOT)
        return {
            "commit": repository.head.commit.hexsha,
            "changed_since": str(repository.is_dirty()).lower(),
        }
    except (git.InvalidGitRepositoryError, git.GitCommandNotFound, ValueError):
        return {}


def _require_database(uri: str) -> None:
    """Fail at once where there is no database; MLflow would try for minutes."""
    if uri.startswith(("postgresql", "mysql")):
        engine = create_engine(uri, poolclass=NullPool)
        engine.connect().close()
        engine.dispose()


def _flattened(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flattened(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def _without_secret(uri: str) -> str:
    scheme, _, rest = uri.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
