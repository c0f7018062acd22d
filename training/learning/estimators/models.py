"""The kinds of models that can be trained: ``MODEL_MAPPER``.

To add one, add an entry and its search space here. ``export.conversion`` converts most estimators
of scikit-learn and XGBoost without changes; the parity gate shows whether that worked. A model that
fails the gate needs its own conversion there.

Features may be missing (NaN). XGBoost handles missing values itself; the other models get the
column's median instead.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

Hyperparameters = Mapping[str, Any]
# Row numbers to train on and row numbers to test on.
RowSplit = tuple[NDArray[np.int64], NDArray[np.int64]]

# Fixed, because the number of threads affects the order of additions, and so the rounding.
THREADS = 2
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class ModelKind:
    """One kind of model.

    Attributes:
        library_class: Class that defines the hyperparameters, as ``module.Class``.
        defaults: Hyperparameters that differ from the library's defaults.
        fixed: Hyperparameters that users cannot set, because this project sets them.
        build: Makes an unfitted estimator from hyperparameters, a seed and calibration splits.
        search_space: Makes a trial's suggestions, by name.
        boosted: Whether it learns in rounds. Cross-validation finds the best number of rounds, and
            ``n_estimators`` is the upper limit.
        calibrated: Whether its probabilities are calibrated on splits of the training rows.
    """

    library_class: str
    defaults: Hyperparameters
    fixed: frozenset[str]
    build: Callable[[Hyperparameters, int, Sequence[RowSplit]], Any]
    search_space: Callable[["BaseTrial"], dict[str, Any]]
    boosted: bool = False
    calibrated: bool = False

    def known(self) -> frozenset[str]:
        """Names of the hyperparameters that may be set."""
        from importlib import import_module

        module, _, name = self.library_class.rpartition(".")
        return frozenset(getattr(import_module(module), name)().get_params()) - self.fixed


def model_kind(name: str) -> ModelKind:
    """The model kind with a name.

    Raises:
        TrainingError: There is none.
    """
    if name not in MODEL_MAPPER:
        raise TrainingError(
            f"There is no model {name!r}{_nearest(name, MODEL_MAPPER)}. Known models: "
            f"{', '.join(MODEL_MAPPER)}."
        )
    return MODEL_MAPPER[name]


def complete(name: str, hyperparameters: Hyperparameters) -> dict[str, Any]:
    """A model's default hyperparameters, with some replaced.

    Raises:
        TrainingError: A hyperparameter is unknown, or users cannot set it.
    """
    kind = model_kind(name)
    known = kind.known()
    problems = [
        f"{key!r} is set by this project"
        if key in kind.fixed
        else f"{key!r} is not known{_nearest(key, known)}"
        for key in hyperparameters
        if key not in known
    ]
    if problems:
        raise TrainingError(
            f"Hyperparameters of {name}: {'; '.join(problems)}. Names are those of "
            f"{kind.library_class}. See `training.model_training.hyperparameters` in params.yaml."
        )
    return {**kind.defaults, **hyperparameters}


def make(
    name: str, hyperparameters: Hyperparameters, seed: int, calibration: Sequence[RowSplit] = ()
) -> Any:
    """An unfitted estimator with ``predict_proba`` that takes sample weights and NaN.

    Args:
        name: Name of the model kind.
        hyperparameters: Values that replace its defaults.
        seed: Seed for everything random.
        calibration: Splits of the training rows, for a model that needs them (``calibrated``).

    Raises:
        TrainingError: The model or a hyperparameter is unknown.
    """
    values = complete(name, hyperparameters)
    return MODEL_MAPPER[name].build(values, seed % _LARGEST_SEED, calibration)


def as_float64(features: NDArray[Any]) -> NDArray[np.float64]:
    """Convert to double precision, in which long sums are reproducible elsewhere."""
    return np.asarray(features, dtype=np.float64)


def _build_xgb(values: Hyperparameters, seed: int, _: Sequence[RowSplit]) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(**{"tree_method": "hist", **values}, n_jobs=THREADS, random_state=seed)


def _build_svm_rbf(values: Hyperparameters, _: int, calibration: Sequence[RowSplit]) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    support_vectors = SVC(kernel="rbf", **values)
    return _smooth_pipeline(
        CalibratedClassifierCV(support_vectors, ensemble=False, cv=list(calibration) or None)
    )


def _build_logistic_regression(values: Hyperparameters, seed: int, _: Sequence[RowSplit]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _smooth_pipeline(LogisticRegression(**values, random_state=seed))


def _build_random_forest(values: Hyperparameters, seed: int, _: Sequence[RowSplit]) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    # No scaling: trees do not need it, and another program may round a scaled float32 to the other
    # side of a threshold.
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        RandomForestClassifier(**values, random_state=seed, n_jobs=THREADS),
    )


def _smooth_pipeline(estimator: Any) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        FunctionTransformer(as_float64),
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        estimator,
    )


def _xgb_space(trial: "BaseTrial") -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.4, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 10),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 30, log=True),
        "subsample": trial.suggest_float("subsample", 0.4, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30, log=True),
    }


def _svm_rbf_space(trial: "BaseTrial") -> dict[str, Any]:
    # "scale" is 1 / number of columns here, because columns are scaled to a variance of 1.
    widths: Sequence[Any] = ["scale", 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
    return {
        "C": trial.suggest_float("C", 0.05, 500, log=True),
        "gamma": trial.suggest_categorical("gamma", widths),
    }


def _logistic_regression_space(trial: "BaseTrial") -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-4, 100, log=True)}


def _random_forest_space(trial: "BaseTrial") -> dict[str, Any]:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 400, step=50),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 20, log=True),
        "max_features": trial.suggest_float("max_features", 0.05, 0.8, log=True),
        "max_samples": trial.suggest_float("max_samples", 0.3, 1.0),
    }


def _nearest(given: str, known: Mapping[str, Any] | frozenset[str]) -> str:
    matches = difflib.get_close_matches(given, sorted(known), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


# Hyperparameters that this project sets for every scikit-learn estimator. Rare labels are weighted
# by `class_weights`, in the same way for all models.
_FIXED = frozenset({"random_state", "n_jobs", "class_weight", "verbose", "warm_start"})

MODEL_MAPPER: dict[str, ModelKind] = {
    "xgb": ModelKind(
        library_class="xgboost.XGBClassifier",
        defaults={
            "n_estimators": 400,
            "learning_rate": 0.1,
            "max_depth": 6,
            "min_child_weight": 3.0,
            "subsample": 0.8,
            "colsample_bytree": 0.5,
            "reg_lambda": 2.0,
        },
        fixed=_FIXED
        | {
            "objective",
            "missing",
            "callbacks",
            "early_stopping_rounds",
            "enable_categorical",
            "eval_metric",
            "feature_types",
            "importance_type",
            "verbosity",
        },
        build=_build_xgb,
        search_space=_xgb_space,
        boosted=True,
    ),
    "svm_rbf": ModelKind(
        library_class="sklearn.svm.SVC",
        defaults={"C": 10.0, "gamma": "scale", "cache_size": 500},
        fixed=_FIXED
        | {"kernel", "degree", "coef0", "probability", "decision_function_shape", "break_ties"},
        build=_build_svm_rbf,
        search_space=_svm_rbf_space,
        calibrated=True,
    ),
    "logistic_regression": ModelKind(
        library_class="sklearn.linear_model.LogisticRegression",
        defaults={"C": 1.0, "max_iter": 5000},
        fixed=_FIXED,
        build=_build_logistic_regression,
        search_space=_logistic_regression_space,
    ),
    "random_forest": ModelKind(
        library_class="sklearn.ensemble.RandomForestClassifier",
        defaults={
            "n_estimators": 200,
            "min_samples_leaf": 2,
            "max_features": 0.2,
            "max_samples": 1.0,
        },
        fixed=_FIXED | {"oob_score", "bootstrap"},
        build=_build_random_forest,
        search_space=_random_forest_space,
    ),
}
