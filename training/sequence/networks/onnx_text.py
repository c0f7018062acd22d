"""ONNX models from nodes in text form and constants."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.sequence.contract import CONTRACT_KEY, INPUT_NAME, OUTPUT_NAME
from shared_features.sequence.layout import SEQUENCE_COLUMNS

# The highest opset of the XGBoost converter, used for all models.
OPSET = 15
IR_VERSION = 8


def sequence_graph(
    nodes: str, constants: Mapping[str, NDArray[Any]], outputs: int, output: str = OUTPUT_NAME
) -> Any:
    """An ONNX model from ``sequences (n, steps, 133)`` to ``(n, outputs)``.

    The number of steps is free in the graph; the contract says what it is.
    """
    from onnx import checker, numpy_helper, parser

    onnx_model = parser.parse_model(f"""
        <ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>
        {CONTRACT_KEY} (float[n, steps, {SEQUENCE_COLUMNS}] {INPUT_NAME})
            => (float[n, {outputs}] {output})
        {{ {nodes} }}
    """)
    for name, value in constants.items():
        onnx_model.graph.initializer.append(
            numpy_helper.from_array(np.ascontiguousarray(value), name)
        )
    checker.check_model(onnx_model)
    return onnx_model
