"""Converts fitted estimators to ONNX graphs.

A graph takes ``features (n, columns)`` and returns ``probabilities (n, labels)``. Trees convert
exactly with the libraries' own converters. Support vector machines and logistic regression have
their own graphs here, in double precision: the libraries' converters compute in single precision,
which now and then flips one of the pairwise votes of a support vector machine, and with it the
prediction.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import CONTRACT_KEY, INPUT_NAME, PROBABILITIES_NAME
from training.errors import ExportError
from training.learning.evaluation.calibration import CalibratedModel
from training.learning.export.calibrated_graph import with_calibration

# The highest opset that the XGBoost converter supports, used for all models.
_OPSET = 15
_IR_VERSION = 8

# Fills missing values, then scales; all in double precision. The result is `x`.
_PREPARED = f"""
    given = Cast<to = 11>({INPUT_NAME})
    missing = IsNaN(given)
    known = Where(missing, filler, given)
    centred = Sub(known, mean)
    x = Div(centred, scale)
"""
# exp(-gamma |x - v|²) with all support vectors v, then one decision for each pair of labels.
_DECISIONS = """
    x_squared = ReduceSumSquare<axes = [1]>(x)
    products = MatMul(x, vectors_transposed)
    twice = Mul(products, two)
    partial_distances = Sub(x_squared, twice)
    distances = Add(partial_distances, vectors_squared)
    exponents = Mul(distances, minus_gamma)
    kernel = Exp(exponents)
    weighted = MatMul(kernel, coefficients)
    decisions = Add(weighted, intercept)
"""
# One-vs-rest decisions from one-vs-one: votes, with margins as tie-breakers
# (sklearn.utils.multiclass._ovr_decision_function).
_VOTES = """
    for_second = Less(decisions, zero)
    second_votes = Cast<to = 11>(for_second)
    vote_changes = MatMul(second_votes, second_minus_first)
    votes = Add(vote_changes, first_counts)
    sums = MatMul(decisions, first_minus_second)
    sizes = Abs(sums)
    sizes_and_one = Add(sizes, one)
    divisors = Mul(sizes_and_one, three)
    clearness = Div(sums, divisors)
    rest = Add(votes, clearness)
"""
_CALIBRATED = """
    sloped = Mul(rest, minus_slope)
    shifted = Sub(sloped, offset)
    calibrated = Sigmoid(shifted)
"""
_NORMALISED = """
    total = ReduceSum<keepdims = 1>(calibrated, label_axis)
    exact = Div(calibrated, total)
"""
_LINEAR = """
    weighted = MatMul(x, coefficients)
    decisions = Add(weighted, intercept)
"""
_TWO_LABELS = """
    complement = Sub(one, calibrated)
    exact = Concat<axis = 1>(complement, calibrated)
"""


def to_onnx(model: Any, n_columns: int) -> Any:
    """The ONNX model of a fitted estimator that was made by ``estimators.models``.

    Raises:
        ExportError: There is no converter for it, or the converter fails.
    """
    if isinstance(model, CalibratedModel):
        return with_calibration(to_onnx(model.estimator, n_columns), model.calibration, _OPSET)
    last = type(model[-1] if hasattr(model, "steps") else model).__name__
    own = {"CalibratedClassifierCV": _svm_to_onnx, "LogisticRegression": _logistic_to_onnx}
    if last in own:
        return own[last](model, n_columns)
    convert = _xgboost_to_onnx if last.startswith("XGB") else _sklearn_to_onnx
    try:
        onnx_model = convert(model, n_columns)
    except (RuntimeError, ValueError, NotImplementedError) as error:
        raise ExportError(f"This {last} cannot be converted to ONNX: {error}") from error
    names = [output.name for output in onnx_model.graph.output]
    if PROBABILITIES_NAME not in names:
        raise ExportError(f"The converted {last} gives {names}, expected {PROBABILITIES_NAME!r}.")
    return onnx_model


def _xgboost_to_onnx(model: Any, n_columns: int) -> Any:
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    # The converter only understands feature names of the form f0, f1, …
    model.get_booster().feature_names = None
    return convert_xgboost(
        model,
        name=CONTRACT_KEY,  # the default is random, and no two files would be the same
        initial_types=[(INPUT_NAME, FloatTensorType([None, n_columns]))],
        target_opset=_OPSET,
    )


def _sklearn_to_onnx(model: Any, n_columns: int) -> Any:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    return convert_sklearn(
        model,
        name=CONTRACT_KEY,
        initial_types=[(INPUT_NAME, FloatTensorType([None, n_columns]))],
        options={id(model): {"zipmap": False}},
        target_opset=_OPSET,
    )


def _logistic_to_onnx(model: Any, n_columns: int) -> Any:
    regression = model[-1]
    constants = _scaling(model) | {
        "coefficients": regression.coef_.T,
        "intercept": regression.intercept_,
        "one": 1.0,
    }
    n_labels = len(regression.classes_)
    if n_labels == 2:
        output = "    calibrated = Sigmoid(decisions)\n" + _TWO_LABELS
    else:
        output = "    exact = Softmax<axis = 1>(decisions)\n"
    return _graph(_PREPARED + _LINEAR + output, constants, n_columns, n_labels)


def _svm_to_onnx(model: Any, n_columns: int) -> Any:
    # With ensemble=False there is one machine, fitted to all rows, and its calibration.
    calibrated = model[-1].calibrated_classifiers_[0]
    machine = calibrated.estimator
    vectors = machine.support_vectors_
    n_labels = len(machine.classes_)
    constants = _scaling(model) | {
        "vectors_transposed": vectors.T,
        "vectors_squared": (vectors**2).sum(axis=1),
        "minus_gamma": -machine._gamma,
        "coefficients": _pair_coefficients(machine),
        "intercept": machine.intercept_,
        "minus_slope": [-one.a_ for one in calibrated.calibrators],
        "offset": [one.b_ for one in calibrated.calibrators],
        "two": 2.0,
        "one": 1.0,
    }
    if n_labels == 2:
        graph = _DECISIONS + "    rest = Identity(decisions)\n" + _CALIBRATED + _TWO_LABELS
    else:
        first, second = _pairs(n_labels)
        constants |= {
            "zero": 0.0,
            "three": 3.0,
            "second_minus_first": second - first,
            "first_minus_second": first - second,
            "first_counts": first.sum(axis=0),
        }
        graph = _DECISIONS + _VOTES + _CALIBRATED + _NORMALISED
    return _graph(_PREPARED + graph, constants, n_columns, n_labels)


def _pairs(n_labels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first and the second label of each pair, each one-hot ``(pairs, labels)``."""
    first, second = np.triu_indices(n_labels, k=1)
    return np.eye(n_labels)[first], np.eye(n_labels)[second]


def _pair_coefficients(machine: Any) -> NDArray[np.float64]:
    """``(support vectors, pairs)``: the weight of each vector in the decision of each pair.

    ``dual_coef_`` has a row for each *other* label, since a vector of label i only takes part in
    the pairs of i.
    """
    dual = machine.dual_coef_
    n_labels = len(machine.classes_)
    if n_labels == 2:
        return np.asarray(dual.T)
    ends = np.cumsum(machine.n_support_)
    own = [slice(end - n, end) for end, n in zip(ends, machine.n_support_, strict=True)]
    pairs = list(zip(*np.triu_indices(n_labels, k=1), strict=True))
    coefficients = np.zeros((dual.shape[1], len(pairs)))
    for pair, (first, second) in enumerate(pairs):
        coefficients[own[first], pair] = dual[second - 1, own[first]]
        coefficients[own[second], pair] = dual[first, own[second]]
    return coefficients


def _scaling(model: Any) -> dict[str, Any]:
    """Fill values, means and scales, from the first steps of the pipeline."""
    imputer, scaler = model.named_steps["simpleimputer"], model.named_steps["standardscaler"]
    return {"filler": imputer.statistics_, "mean": scaler.mean_, "scale": scaler.scale_}


def _graph(nodes: str, constants: dict[str, Any], n_columns: int, n_labels: int) -> Any:
    """An ONNX model from constants and nodes in text form; the last output is named ``exact``."""
    from onnx import checker, numpy_helper, parser

    onnx_model = parser.parse_model(f"""
        <ir_version: {_IR_VERSION}, opset_import: ["" : {_OPSET}]>
        {CONTRACT_KEY} (float[n, {n_columns}] {INPUT_NAME})
            => (float[n, {n_labels}] {PROBABILITIES_NAME})
        {{ {nodes} {PROBABILITIES_NAME} = Cast<to = 1>(exact) }}
    """)
    for name, value in constants.items():
        array = np.asarray(value, dtype=np.float64)
        onnx_model.graph.initializer.append(numpy_helper.from_array(array, name))
    if n_labels > 2 and "label_axis" in nodes:
        axis = numpy_helper.from_array(np.array([1], dtype=np.int64), "label_axis")
        onnx_model.graph.initializer.append(axis)
    checker.check_model(onnx_model)
    return onnx_model
