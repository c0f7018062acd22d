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
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_PARENT_RUN_ID
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from shared_features.params import PROJECT_ROOT
from training.errors import TrainingError
from training.learning.registry.mlflow_store import mlflow_file, mlflow_uri
from training.learning.registry.moved_store import repair_addresses
from training.params import TrackingParams
from training.recordings.output_folder import process_runs
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

    Addresses are repaired if the folder was moved, and runs whose process on this machine died
    without ending them are marked as killed.

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
            artifacts = (params.folder / _ARTIFACTS).resolve().as_uri()
            if params.mlflow_uri is None:
                repair_addresses(mlflow_file(params), params.experiment, artifacts)
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            client = MlflowClient()
            if client.get_experiment_by_name(params.experiment) is None:
                # A server knows where to keep artifacts; locally they go next to the database.
                local = None if uri.startswith("http") else artifacts
                client.create_experiment(params.experiment, artifact_location=local)
            mlflow.set_experiment(params.experiment)
            _close_abandoned(client, params.experiment)
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


@contextmanager
def past_run(name: str, started_s: float, ended_s: float) -> Iterator[str]:
    """A nested run for work that is done already; times in seconds since 1970."""
    client, parent = MlflowClient(), mlflow.active_run()
    if parent is None:
        raise RuntimeError("a past run belongs to the run that is active")
    created = client.create_run(
        parent.info.experiment_id,
        start_time=round(started_s * 1000),
        run_name=name,
        tags={MLFLOW_PARENT_RUN_ID: parent.info.run_id},
    )
    run_id: str = created.info.run_id
    with mlflow.start_run(run_id=run_id, nested=True):
        yield run_id
    client.set_terminated(run_id, end_time=round(ended_s * 1000))


def _close_abandoned(client: MlflowClient, experiment: str) -> None:
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return
    ours = f"attributes.status = 'RUNNING' and tags.`{_HOST_TAG}` = '{socket.gethostname()}'"
    for one in client.search_runs([found.experiment_id], filter_string=ours):
        if not process_runs(int(one.data.tags[_PROCESS_TAG])):
            client.set_terminated(one.info.run_id, status="KILLED")


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
    commit = _commit()
    mlflow.set_tags({f"git.{name}": value for name, value in commit.items()})
    if "commit" in commit:
        # The name under which MLflow's own page looks for it.
        mlflow.set_tag(MLFLOW_GIT_COMMIT, commit["commit"])
    versions = {found.name: found.version for found in distributions()}
    mlflow.log_dict(dict(sorted(versions.items())), "environment.json")


def log_files(paths: list[Path], folder: str | None = None) -> None:
    """Log files as artifacts."""
    for path in paths:
        mlflow.log_artifact(str(path), folder)


def log_json(content: Any, name: str) -> None:
    """Log a value as a JSON artifact."""
    mlflow.log_text(json.dumps(content, indent=1, sort_keys=True) + "\n", name)


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
