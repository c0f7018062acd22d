"""Trained models: their outputs, and their ONNX graphs."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared_features.sequence.contract import OUTPUT_NAME
from shared_features.sequence.layout import SequenceArray
from training.sequence.data.clips import Target
from training.sequence.networks.backend import Array, Params, jax, jnp
from training.sequence.networks.models import HEAD_ONNX, NETWORKS, Weights
from training.sequence.networks.onnx_text import sequence_graph
from training.sequence.preprocessing.samples import Scaling

_SCALED_ONNX = """
    centred = Sub(sequences, scaling_mean)
    scaled = Div(centred, scaling_scale)
"""
_BATCH = 256


class FittedModel(Protocol):
    """A trained model."""

    def outputs(self, sequences: SequenceArray) -> NDArray[np.float32]:
        """Outputs ``(n, outputs)``: shares of full points, or probabilities of labels."""
        ...

    def to_onnx(self) -> Any:
        """The model as ONNX, from sequences to outputs."""
        ...


@partial(jax.jit, static_argnums=(0, 1))
def _outputs(name: str, kind: Target, params: Params, scaled: Array) -> Array:
    logits = NETWORKS[name].logits(params, scaled, None)
    outputs: Array = jax.nn.softmax(logits) if kind == "labels" else jax.nn.sigmoid(logits)
    return outputs


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network.

    Attributes:
        name: Name in ``NETWORKS``.
        weights: All weights.
        scaling: What it does to the sequences first.
        kind: What its targets were.
    """

    name: str
    weights: Weights
    scaling: Scaling
    kind: Target

    def outputs(self, sequences: SequenceArray) -> NDArray[np.float32]:
        """Outputs ``(n, outputs)``."""
        params = {name: jnp.asarray(value) for name, value in self.weights.items()}
        parts = []
        for start in range(0, len(sequences), _BATCH):
            batch = sequences[start : start + _BATCH]
            # Always the same shape, so that JAX compiles once.
            filled = np.resize(batch, (_BATCH, *batch.shape[1:]))
            scaled = (filled - self.scaling.mean) / self.scaling.scale
            outputs = _outputs(self.name, self.kind, params, jnp.asarray(scaled))
            parts.append(np.asarray(outputs)[: len(batch)])
        return np.concatenate(parts)

    def to_onnx(self) -> Any:
        """The network as ONNX, scaling included."""
        network = NETWORKS[self.name]
        final = "Softmax<axis = 1>" if self.kind == "labels" else "Sigmoid"
        constants = {
            **self.weights,
            **network.constants,
            "scaling_mean": self.scaling.mean,
            "scaling_scale": self.scaling.scale,
        }
        nodes = _SCALED_ONNX + network.onnx + HEAD_ONNX + f"{OUTPUT_NAME} = {final}(logits)"
        return sequence_graph(nodes, constants, len(self.weights["dense_2_b"]))
