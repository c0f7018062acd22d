"""MLflow: the store of runs and registered models, and the runs of a training.

Importing MLflow takes seconds, so commands import this module only when they run.
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

# Set before MLflow is imported, to turn telemetry off.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# Without git there is no warning; the commit is simply not logged.
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

# Messages about its tables and steps are of no use to the person who trains.
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

_MAX_PARAMETER_LENGTH = 500
_ARTIFACTS = "artifacts"
_HOST_TAG = "process.host"
_PROCESS_TAG = "process.id"


def connect(params: TrackingParams) -> MlflowClient:
    """Connect MLflow to its store, creating the store and the experiment if they are new.

    If several processes open a new SQLite file at once, its first migration fails. A lock makes
    them take turns.

    Raises:
        TrainingError: The store cannot be reached or used.
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
                # A server knows where to keep artifacts; locally they go next to the database.
                local = None if uri.startswith("http") else (params.folder / _ARTIFACTS).as_uri()
                client.create_experiment(params.experiment, artifact_location=local)
            mlflow.set_experiment(params.experiment)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise TrainingError(
            f"MLflow's store {_without_secret(uri)} cannot be used ({_first_line(error)}). Check "
            "`training.tracking.mlflow_uri` in params.yaml, and that the store is running and "
            "writable."
        ) from error
    return client


@contextmanager
def run(name: str, nested: bool = True) -> Iterator[str]:
    """An MLflow run; yields its ID. The run ends as failed if the block raises."""
    tags = {_HOST_TAG: socket.gethostname(), _PROCESS_TAG: str(os.getpid())}
    with mlflow.start_run(run_name=name, nested=nested, tags=tags) as active:
        yield active.info.run_id


def close_abandoned(params: TrackingParams) -> None:
    """Mark runs as killed if their process on this machine died without ending them."""
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
    """Suppress what MLflow prints to standard error whatever its log level."""
    with redirect_stderr(io.StringIO()):
        yield


def log_parameters(parameters: Mapping[str, Any]) -> None:
    """Log nested settings under dotted names."""
    flat = {name: str(value)[:_MAX_PARAMETER_LENGTH] for name, value in _flattened("", parameters)}
    mlflow.log_params(flat)


def log_environment() -> None:
    """Log the version of every installed package, and the commit of this program."""
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
        return True  # a process of another user
    return True


def _commit() -> dict[str, str]:
    """The commit of this checkout; empty if this is not one."""
    try:
        repository = git.Repo(PROJECT_ROOT)
        return {
            "commit": repository.head.commit.hexsha,
            "changed_since": str(repository.is_dirty()).lower(),
        }
    except (git.InvalidGitRepositoryError, git.GitCommandNotFound, ValueError):
        return {}


def _require_database(uri: str) -> None:
    """Fail at once if there is no database; MLflow would retry for minutes."""
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
