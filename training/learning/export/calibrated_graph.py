"""Adds a calibration to the ONNX graph of a model, so that serving needs nothing new."""

from typing import Any

import numpy as np

from shared_features.classify.classifier import PROBABILITIES_NAME
from training.learning.evaluation.calibration import SMALLEST_PROBABILITY, Calibration

_UNCALIBRATED = "uncalibrated_probabilities"


def with_calibration(onnx_model: Any, calibration: Calibration, opset: int) -> Any:
    """The model with its probabilities corrected, in double precision, within the same graph.

    Args:
        onnx_model: An ONNX model that returns ``probabilities (n, labels)``. It is changed.
        calibration: The correction.
        opset: Version of the standard operators, if the model does not use any so far.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    graph = onnx_model.graph
    for node in graph.node:
        renamed = [_UNCALIBRATED if name == PROBABILITIES_NAME else name for name in node.output]
        node.output[:] = renamed
    # Trees also return the likeliest label, as it was before the correction.
    outputs = [output for output in graph.output if output.name == PROBABILITIES_NAME]
    del graph.output[:]
    graph.output.extend(outputs)
    made = _UNCALIBRATED
    for output, operator, constant, attributes in (
        ("wide", "Cast", None, {"to": TensorProto.DOUBLE}),
        ("floored", "Max", SMALLEST_PROBABILITY, {}),
        ("logarithm", "Log", None, {}),
        ("sloped", "Mul", calibration.slope, {}),
        ("shifted", "Add", calibration.shifts, {}),
        ("normalised", "Softmax", None, {"axis": 1}),
        (PROBABILITIES_NAME, "Cast", None, {"to": TensorProto.FLOAT}),
    ):
        name = output if output == PROBABILITIES_NAME else f"calibration_{output}"
        inputs = [made]
        if constant is not None:
            inputs.append(f"{name}_by")
            array = np.asarray(constant, dtype=np.float64)
            graph.initializer.append(numpy_helper.from_array(array, inputs[1]))
        graph.node.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        made = name
    if all(imported.domain for imported in onnx_model.opset_import):
        onnx_model.opset_import.append(helper.make_opsetid("", opset))
    checker.check_model(onnx_model)
    return onnx_model
