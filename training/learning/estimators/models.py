"""The kinds of models that can be trained: ``MODEL_MAPPER``.

Adding one is an entry here and its search space. Most estimators of scikit-learn and XGBoost are
turned into ONNX by ``training.learning.conversion`` as they are; the parity gate of
``training.learning.export`` tells whether that went well, and one that fails it needs a conversion
of its own there.

Features may be missing (NaN). XGBoost sends them down a branch of their own; the others get the
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
# Row numbers to learn from and row numbers to judge by.
RowSplit = tuple[NDArray[np.int64], NDArray[np.int64]]

# Fixed, since the number of threads decides in which order numbers are added up.
THREADS = 2
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class ModelKind:
    """One kind of model.

    Attributes:
        library_class: the class whose hyperparameters are meant, as ``module.Class``.
        defaults: hyperparameters that differ from the library's own.
        fixed: hyperparameters that are not for users to set: what this project decides.
        build: an unfitted estimator of hyperparameters, a seed and calibration splits.
        search_space: what a trial suggests, by name.
        boosted: whether it learns in rounds, whose best number is found by cross-validation;
            ``n_estimators`` is then the most there may be.
        calibrated: whether its probabilities are learned on splits of the training rows.
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
    """The kind of that name.

    Raises:
        TrainingError: there is none.
    """
    if name not in MODEL_MAPPER:
        raise TrainingError(
            f"There is no model {name!r}{_nearest(name, MODEL_MAPPER)}. Known models: "
            f"{', '.join(MODEL_MAPPER)}."
        )
    return MODEL_MAPPER[name]


def complete(name: str, hyperparameters: Hyperparameters) -> dict[str, Any]:
    """The defaults of a model with some hyperparameters put in their place.

    Raises:
        TrainingError: a hyperparameter is not known, or not for users to set.
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
        name: of the model kind.
        hyperparameters: in place of its defaults.
        seed: of everything random.
        calibration: splits of the training rows for a model that needs them (``calibrated``).

    Raises:
        TrainingError: the model or a hyperparameter is not known.
    """
    values = complete(name, hyperparameters)
    return MODEL_MAPPER[name].build(values, seed % _LARGEST_SEED, calibration)


def as_float64(features: NDArray[Any]) -> NDArray[np.float64]:
    """Double precision, in which sums of many terms can be repeated elsewhere."""
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

    # No scaling: trees do not need it, and a scaled float32 may fall on the other side of a
    # threshold than the same number scaled by another program.
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
    # "scale" is one over the number of columns, since columns are scaled to a variance of 1.
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


# What this project decides of every estimator of scikit-learn. Rare labels are weighed by
# `class_weights`, in the same way for all models.
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
