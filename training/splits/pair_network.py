"""A network on two clips: one encoder for both, and a perceptron on the pair.

The encoder compresses the features of each step, runs a bidirectional GRU (that of
``training.sequence``) over the steps, and condenses its mean state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.runtime.atomic import atomic_write
from training.sequence.networks.backend import Array, Params, jax, jnp, optax
from training.sequence.networks.recurrent import DIRECTIONS, HIDDEN, gru, gru_weights
from training.split_params import PairTask, SplitParams

FloatArray = NDArray[np.float32]
Weights = dict[str, FloatArray]

_PAIR_SIZE = 64
_BATCH = 512
# Offsets beyond this are learned as this: what matters is which way, and how far roughly.
FARTHEST_S = 8.0


@dataclass(frozen=True)
class FittedPairNetwork:
    """A trained network.

    Attributes:
        weights: All weights.
        task: What its output is: the logit of "the same moment", or an offset in seconds.
        history: Loss of each epoch on the pairs to train on and on those to decide by.
    """

    weights: Weights
    task: PairTask
    history: list[dict[str, float]]

    def encoded(self, clips: FloatArray) -> FloatArray:
        """``(n, width)`` of clips ``(n, steps, columns)``."""
        params = _on_device(self.weights)
        parts = [
            np.asarray(_encode_fast(params, jnp.asarray(clips[start : start + _BATCH])))
            for start in range(0, len(clips), _BATCH)
        ]
        return np.concatenate(parts)

    def compared(self, reference: FloatArray, target: FloatArray) -> NDArray[np.float64]:
        """``(n, m)`` outputs of every encoded clip of the one with every one of the other."""
        n, m = len(reference), len(target)
        pairs = np.repeat(reference, m, axis=0), np.tile(target, (n, 1))
        output = _on_pairs(_on_device(self.weights), jnp.asarray(pairs[0]), jnp.asarray(pairs[1]))
        return np.asarray(output, dtype=np.float64).reshape(n, m)

    def save(self, path: Path) -> None:
        """Store the weights, atomically."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            content: dict[str, Any] = self.weights
            np.savez(file, **content)

    @classmethod
    def load(cls, path: Path, task: PairTask) -> "FittedPairNetwork":
        """The network of a file that ``save`` wrote."""
        with np.load(path, allow_pickle=False) as content:
            return cls({name: content[name] for name in content.files}, task, [])


def fit_pair_network(
    train: tuple[FloatArray, FloatArray, FloatArray],
    decide: tuple[FloatArray, FloatArray, FloatArray],
    task: PairTask,
    params: SplitParams,
    report: Callable[[int, dict[str, float]], None] | None = None,
) -> FittedPairNetwork:
    """Train a network; the weights of the epoch that is best on the pairs to decide by are kept.

    Args:
        train: Clips ``(n, steps, columns)`` of the reference and of the target, and the answers
            ``(n,)``: 1 or 0, or offsets in seconds.
        decide: The same, held out.
        task: What is learned.
        params: Sizes and settings of the training.
        report: Called with the number of the epoch and its losses.
    """
    rng = np.random.default_rng(params.seed)
    weights = _on_device(_initial(rng, train[0].shape[2], params))
    optimiser = optax.adam(params.learning_rate)
    state = optimiser.init(weights)

    def loss(given: Params, one: Array, two: Array, answer: Array, key: Array | None) -> Array:
        codes = _encode(given, one), _encode(given, two)
        if key is not None:
            kept = jax.random.bernoulli(key, 1 - params.dropout, codes[0].shape)
            codes = codes[0] * kept, codes[1] * kept
        return _losses(_on_pairs(given, *codes), answer, task).mean()

    @jax.jit
    def step(
        given: Params, current: Any, one: Array, two: Array, answer: Array, key: Array
    ) -> tuple[Params, Any, Array]:
        value, gradient = jax.value_and_grad(loss)(given, one, two, answer, key)
        change, current = optimiser.update(gradient, current)
        return optax.apply_updates(given, change), current, value

    measured = jax.jit(lambda given, one, two, answer: loss(given, one, two, answer, None))
    best: tuple[float, Weights] = np.inf, {}
    history: list[dict[str, float]] = []
    key = jax.random.PRNGKey(params.seed)
    size = min(params.batch_size, len(train[0]))
    for epoch in range(params.epochs):
        order = rng.permutation(len(train[0]))
        losses = []
        for start in range(0, len(order) - size + 1, size):
            rows = order[start : start + size]
            key, dropout = jax.random.split(key)
            weights, state, value = step(
                weights, state, *(jnp.asarray(part[rows]) for part in train), dropout
            )
            losses.append(float(value))
        found = float(measured(weights, *(jnp.asarray(part) for part in decide)))
        history.append({"loss": float(np.mean(losses)), "held_out_loss": found})
        if report is not None:
            report(epoch + 1, history[-1])
        if found < best[0]:
            best = found, {name: np.asarray(value) for name, value in weights.items()}
    return FittedPairNetwork(best[1], task, history)


def _initial(rng: np.random.Generator, columns: int, params: SplitParams) -> Weights:
    weights: Weights = {}
    sizes = (columns, *params.compress_sizes)
    _add_dense(weights, rng, "compress", sizes)
    weights |= gru_weights(rng, sizes[-1])
    condensed = (DIRECTIONS * HIDDEN, *params.post_lstm_sizes)
    _add_dense(weights, rng, "post", condensed)
    _add_dense(weights, rng, "pair", (4 * condensed[-1], _PAIR_SIZE, 1))
    return weights


def _add_dense(
    weights: Weights, rng: np.random.Generator, name: str, sizes: tuple[int, ...]
) -> None:
    for number, (into, out) in enumerate(pairwise(sizes)):
        limit = (6 / (into + out)) ** 0.5  # Glorot and Bengio 2010
        weights[f"{name}_{number}_w"] = rng.uniform(-limit, limit, (into, out)).astype("f4")
        weights[f"{name}_{number}_b"] = np.zeros(out, dtype=np.float32)


def _dense(params: Params, name: str, x: Array, last_linear: bool = False) -> Array:
    number = 0
    while f"{name}_{number}_w" in params:
        x = x @ params[f"{name}_{number}_w"] + params[f"{name}_{number}_b"]
        number += 1
        if not last_linear or f"{name}_{number}_w" in params:
            x = jax.nn.relu(x)
    return x


def _encode(params: Params, clips: Array) -> Array:
    return _dense(params, "post", gru(params, _dense(params, "compress", clips)))


_encode_fast = jax.jit(_encode)


def _on_pairs(params: Params, one: Array, two: Array) -> Array:
    """Outputs ``(n,)`` of encoded clips."""
    both = jnp.concatenate([one, two, jnp.abs(one - two), one * two], axis=-1)
    return _dense(params, "pair", both, last_linear=True)[:, 0]


def _losses(output: Array, answer: Array, task: PairTask) -> Array:
    losses: Array
    if task == "classifier":
        losses = optax.sigmoid_binary_cross_entropy(output, answer)
    else:
        losses = optax.huber_loss(output, jnp.clip(answer, -FARTHEST_S, FARTHEST_S))
    return losses


def _on_device(weights: Weights) -> Params:
    return {name: jnp.asarray(value) for name, value in weights.items()}
