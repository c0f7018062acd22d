"""``summary_xgb``: boosted trees on the statistics of a clip."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.sequence.contract import OUTPUT_NAME
from shared_features.sequence.layout import SequenceArray
from training.sequence.data.clips import Target
from training.sequence.networks.onnx_text import IR_VERSION, OPSET
from training.sequence.networks.summary import COLUMNS, STATISTICS, statistics, statistics_graph

_MAX_ROUNDS = 600
_EARLY_STOPPING_ROUNDS = 40
_ROUNDS_WITHOUT_VALIDATION = 150
_TREES = {
    "learning_rate": 0.05,
    "max_depth": 3,
    "subsample": 0.8,
    "colsample_bytree": 0.2,
    "reg_lambda": 2.0,
    "max_bin": 64,
    "tree_method": "hist",
}
_TREE_INPUT = "tree_statistics"


@dataclass(frozen=True)
class FittedTrees:
    """Trained trees.

    Attributes:
        model: The estimator of XGBoost.
        kind: What its targets were.
    """

    model: Any
    kind: Target

    @property
    def history(self) -> list[dict[str, float]]:
        """Loss on the clips to learn from and to decide by, after each round."""
        results = self.model.evals_result()
        train, validation = (next(iter(results[part].values())) for part in results)
        square = 2 if self.kind == "points" else 1  # XGBoost reports the root
        return [
            {"train_loss": float(a) ** square, "validation_loss": float(b) ** square}
            for a, b in zip(train, validation, strict=True)
        ]

    @property
    def best_epoch(self) -> int:
        """Number of rounds used."""
        return int(self.model.best_iteration) + 1

    def outputs(self, sequences: SequenceArray) -> NDArray[np.float32]:
        """Outputs ``(n, outputs)``."""
        rows = statistics(sequences)
        if self.kind == "points":
            predicted = self.model.predict(rows)[:, np.newaxis].clip(0, 1)
        else:
            predicted = self.model.predict_proba(rows)
            predicted = predicted[:, 1:] if self.kind == "correct" else predicted
        return np.asarray(predicted, dtype=np.float32)

    def to_onnx(self) -> Any:
        """The statistics and the trees as one ONNX model."""
        from onnx import compose, helper, numpy_helper
        from onnxmltools import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType

        self.model.get_booster().feature_names = None
        trees = convert_xgboost(
            self.model,
            name=OUTPUT_NAME,
            initial_types=[(_TREE_INPUT, FloatTensorType([None, COLUMNS]))],
            target_opset=OPSET,
        )
        last = trees.graph.output[-1].name
        statistics_model = statistics_graph()
        for part in (statistics_model, trees):
            part.ir_version = IR_VERSION
        merged = compose.merge_models(
            statistics_model, trees, [(STATISTICS, _TREE_INPUT)], outputs=[last]
        )
        graph = merged.graph
        outputs = 1
        if self.kind == "points":
            for name, limit in (("no_points", 0), ("full_points", 1)):
                constant = numpy_helper.from_array(np.array(limit, dtype=np.float32), name)
                graph.initializer.append(constant)
            node = helper.make_node("Clip", [last, "no_points", "full_points"], [OUTPUT_NAME])
        elif self.kind == "correct":
            graph.initializer.append(numpy_helper.from_array(np.array([1]), "correct_column"))
            node = helper.make_node("Gather", [last, "correct_column"], [OUTPUT_NAME], axis=1)
        else:
            outputs = self.model.n_classes_
            node = helper.make_node("Identity", [last], [OUTPUT_NAME])
        graph.node.append(node)
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info(OUTPUT_NAME, 1, ["n", outputs]))
        return merged


def fit_trees(
    train: tuple[SequenceArray, NDArray[Any]],
    validation: tuple[SequenceArray, NDArray[Any]] | None,
    kind: Target,
    seed: int,
) -> FittedTrees:
    """Fit to sequences and targets; a second set decides when to stop.

    Without one, a fixed number of rounds is used: with few clips that is better than to spare some.
    """
    from xgboost import XGBClassifier, XGBRegressor

    estimator = XGBRegressor if kind == "points" else XGBClassifier
    model = estimator(
        n_estimators=_MAX_ROUNDS if validation else _ROUNDS_WITHOUT_VALIDATION,
        early_stopping_rounds=_EARLY_STOPPING_ROUNDS if validation else None,
        random_state=seed,
        n_jobs=1,
        **_TREES,
    )
    parts = [
        (statistics(sequences), _targets(targets, kind))
        for sequences, targets in (train, validation or train)
    ]
    model.fit(*parts[0], eval_set=parts if validation else None, verbose=False)
    return FittedTrees(model, kind)


def load_trees(path: Path, kind: Target) -> FittedTrees:
    """The trees that were saved in XGBoost's binary format."""
    from xgboost import XGBClassifier, XGBRegressor

    model = (XGBRegressor if kind == "points" else XGBClassifier)()
    model.load_model(bytearray(path.read_bytes()))
    return FittedTrees(model, kind)


def _targets(targets: NDArray[Any], kind: Target) -> NDArray[Any]:
    """XGBoost wants whole numbers for classes."""
    return targets if kind == "points" else targets.astype(np.int64)
