"""Storage and names of Optuna's studies."""

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import complete, model_kind
from training.params import ScoreMetric, TrackingParams
from training.runtime.locks import locked

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import RDBStorage
    from optuna.trial import BaseTrial

_SQLITE_FILE = "optuna.db"
# How long a process waits while another one is writing.
_SQLITE_TIMEOUT_S = 60
# A running trial sends a heartbeat this often. After the grace period without one, its process is
# assumed dead, and the trial counts as failed.
_HEARTBEAT_S = 10
_GRACE_S = 60


def optuna_url(params: TrackingParams) -> str:
    """URL of Optuna's storage: as set in params.yaml, or else a SQLite file."""
    return params.optuna_storage or f"sqlite:///{params.folder / _SQLITE_FILE}"


def open_storage(url: str) -> "RDBStorage":
    """The storage; its tables are created if they are missing.

    If several processes open a new SQLite file at once, its first migration fails. A lock makes
    them take turns.

    Raises:
        TrainingError: It cannot be used.
    """
    import optuna
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    # Trials are reported in a better way than by Optuna's log.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings = {"connect_args": {"timeout": _SQLITE_TIMEOUT_S}} if sqlite_file(url) else None
    try:
        with study_lock(url), warnings.catch_warnings():
            # Heartbeats are marked as experimental; if they change, our tests fail.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.storages.RDBStorage(
                url,
                engine_kwargs=settings,
                heartbeat_interval=_HEARTBEAT_S,
                grace_period=_GRACE_S,
            )
    except (SQLAlchemyError, ArgumentError, OSError, ImportError, RuntimeError) as error:
        address = url.rpartition("@")[2] if "@" in url else url
        reason = str(error).strip().partition("\n")[0]
        raise TrainingError(
            f"Optuna's storage {address} cannot be used ({reason}). Check "
            "`training.tracking.optuna_storage` in params.yaml, and that it is writable."
        ) from error


def copy_study(url: str, name: str, folder: Path) -> Path:
    """A copy of a study as a SQLite file, which ``optuna-dashboard`` opens."""
    import optuna

    path = folder / "optuna_study.db"
    optuna.copy_study(
        from_study_name=name, from_storage=open_storage(url), to_storage=f"sqlite:///{path}"
    )
    return path


def study_lock(url: str) -> AbstractContextManager[None]:
    """A lock that one process on this machine can hold at a time, if the storage is SQLite."""
    file = sqlite_file(url)
    return nullcontext() if file is None else locked(file.with_name(f"{file.name}.lock"))


def sqlite_file(url: str) -> Path | None:
    """Path of a SQLite storage; None for other storages."""
    _, found, path = url.partition("sqlite:///")
    return Path(path) if found else None


def study_name(
    data: Dataset, folds: Sequence[Fold], settings: FitSettings, metric: ScoreMetric, pruning: bool
) -> str:
    """A name shared only by searches with the same data, folds, settings and search space.

    The number of trials is not part of it, so a search can be extended.
    """
    digest = hashlib.sha256()
    arrays: list[NDArray[Any]] = [data.features, data.codes]
    arrays += [rows for fold in folds for rows in (fold.train, fold.test)]
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(array.tobytes())
    space = search_distributions(model_kind(settings.model).search_space)
    settled = {
        "columns": data.columns,
        "labels": data.labels,
        "hyperparameters": complete(settings.model, settings.hyperparameters),
        "class_weights": settings.class_weights,
        "seed": settings.seed,
        "metric": metric,
        # Studies in which F1 chose the number of rounds cannot be continued.
        "rounds": "log_loss",
        "pruning": pruning,
        "space": {name: repr(distribution) for name, distribution in space.items()},
    }
    digest.update(json.dumps(settled, sort_keys=True, default=str).encode())
    return f"{settings.model} {metric} {digest.hexdigest()[:12]}"


def search_distributions(
    search_space: "Callable[[BaseTrial], dict[str, Any]]",
) -> "dict[str, BaseDistribution]":
    """Distributions of a search space by name, found by drawing from it once."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    optuna.logging.set_verbosity(verbosity)
    search_space(trial)
    return dict(trial.distributions)


def contains(distribution: "BaseDistribution", value: Any) -> bool:
    """Whether a search space can draw a value."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return isinstance(value, int | float) and distribution.low <= value <= distribution.high
    return False
