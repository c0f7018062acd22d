"""``SEQUENCE_MODELS``: every model by name. A network is a trunk over time and the same head."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.sequence.layout import SEQUENCE_COLUMNS
from training.sequence.networks import graph, recurrent, temporal
from training.sequence.networks.backend import Array, Params, jax

Weights = dict[str, NDArray[np.float32]]

# The seed project's head.
_DENSE = (128, 64)
_DROPOUT = 0.3


@dataclass(frozen=True)
class Network:
    """A network up to its head.

    Attributes:
        weights: Initial weights of the trunk, given a random generator and the number of columns.
        trunk: From weights and scaled sequences ``(n, steps, columns)`` to ``(n, width)``.
        width: Number of values that the trunk gives.
        onnx: The same as ONNX nodes, from ``scaled`` to ``trunk``.
        constants: Constants of these nodes.
    """

    weights: Callable[[np.random.Generator, int], Weights]
    trunk: Callable[[Params, Array], Array]
    width: int
    onnx: str
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def initial(self, outputs: int, seed: int) -> Weights:
        """All weights before training."""
        random = np.random.default_rng(seed)
        weights = self.weights(random, SEQUENCE_COLUMNS)
        sizes = (self.width, *_DENSE, outputs)
        for number, (into, out) in enumerate(pairwise(sizes)):
            limit = (6 / (into + out)) ** 0.5
            weights[f"dense_{number}_w"] = random.uniform(-limit, limit, (into, out)).astype("f4")
            weights[f"dense_{number}_b"] = np.zeros(out, dtype=np.float32)
        return weights

    def logits(self, params: Params, scaled: Array, dropout: Array | None) -> Array:
        """Logits ``(n, outputs)``; ``dropout`` is a random key in training, None otherwise."""
        x = self.trunk(params, scaled)
        x = jax.nn.relu(x @ params["dense_0_w"] + params["dense_0_b"])
        if dropout is not None:
            kept = jax.random.bernoulli(dropout, 1 - _DROPOUT, x.shape)
            x = x * kept / (1 - _DROPOUT)
        x = jax.nn.relu(x @ params["dense_1_w"] + params["dense_1_b"])
        logits: Array = x @ params["dense_2_w"] + params["dense_2_b"]
        return logits


HEAD_ONNX = """
    dense_0 = Gemm(trunk, dense_0_w, dense_0_b)
    relu_of_0 = Relu(dense_0)
    dense_1 = Gemm(relu_of_0, dense_1_w, dense_1_b)
    relu_of_1 = Relu(dense_1)
    logits = Gemm(relu_of_1, dense_2_w, dense_2_b)
"""

NETWORKS: dict[str, Network] = {
    "bilstm": Network(
        recurrent.lstm_weights, recurrent.lstm, 2 * recurrent.HIDDEN, recurrent.LSTM_ONNX
    ),
    "gru": Network(recurrent.gru_weights, recurrent.gru, 2 * recurrent.HIDDEN, recurrent.GRU_ONNX),
    "tcn": Network(temporal.tcn_weights, temporal.tcn, 2 * temporal.CHANNELS, temporal.TCN_ONNX),
    "graph": Network(
        graph.graph_weights,
        graph.graph,
        graph.BLOCKS[-1][1],
        graph.GRAPH_ONNX,
        graph.GRAPH_CONSTANTS,
    ),
}
