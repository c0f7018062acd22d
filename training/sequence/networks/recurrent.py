"""Bidirectional recurrent networks, averaged over time: LSTM (the seed project's) and GRU.

Weights are in ONNX's layout and order of gates, so that a graph takes them as they are.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.sequence.networks.backend import Array, Params, jax, jnp

HIDDEN = 128
DIRECTIONS = 2

Weights = dict[str, NDArray[np.float32]]

_ONNX = """
    by_time = Transpose<perm = [1, 0, 2]>(scaled)
    states, {last} = {kind}<direction = "bidirectional", hidden_size = {hidden}{options}>(
        by_time, recurrent_w, recurrent_r, recurrent_b)
    mean_state = ReduceMean<axes = [0], keepdims = 0>(states)
    by_clip = Transpose<perm = [1, 0, 2]>(mean_state)
    trunk = Flatten<axis = 1>(by_clip)
"""
LSTM_ONNX = _ONNX.format(kind="LSTM", hidden=HIDDEN, options="", last="last_h, last_c")
GRU_ONNX = _ONNX.format(
    kind="GRU", hidden=HIDDEN, options=", linear_before_reset = 1", last="last_h"
)


def lstm_weights(random: np.random.Generator, columns: int) -> Weights:
    """Initial weights of an LSTM; its forget gates start open (Jozefowicz et al. 2015)."""
    weights = _weights(random, columns, gates=4)
    weights["recurrent_b"][:, 2 * HIDDEN : 3 * HIDDEN] = 1.0
    return weights


def gru_weights(random: np.random.Generator, columns: int) -> Weights:
    """Initial weights of a GRU."""
    return _weights(random, columns, gates=3)


def _weights(random: np.random.Generator, columns: int, gates: int) -> Weights:
    limit = (6 / (columns + HIDDEN)) ** 0.5  # Glorot and Bengio 2010
    rows = gates * HIDDEN
    recurrent = np.stack(
        [
            np.concatenate([np.linalg.qr(random.normal(size=(HIDDEN, HIDDEN)))[0]] * gates)
            for _ in range(DIRECTIONS)
        ]
    )
    return {
        "recurrent_w": random.uniform(-limit, limit, (DIRECTIONS, rows, columns)).astype("f4"),
        "recurrent_r": recurrent.astype("f4"),
        "recurrent_b": np.zeros((DIRECTIONS, 2 * rows), dtype="f4"),
    }


def lstm(params: Params, scaled: Array) -> Array:
    """Mean states ``(n, 256)`` of sequences ``(n, steps, columns)``."""

    def direction(number: int, x: Array) -> Array:
        w, r, b = (params[f"recurrent_{name}"][number] for name in "wrb")
        given = x @ w.T + b[: 4 * HIDDEN] + b[4 * HIDDEN :]
        start = jnp.zeros((len(x), HIDDEN))

        def step(carry: tuple[Array, Array], gates: Array) -> tuple[tuple[Array, Array], Array]:
            h, c = carry
            i, o, f, g = jnp.split(gates + h @ r.T, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        _, states = jax.lax.scan(step, (start, start), given.swapaxes(0, 1))
        return states.mean(axis=0)

    return _both_ways(direction, scaled)


def gru(params: Params, scaled: Array) -> Array:
    """Mean states ``(n, 256)`` of sequences ``(n, steps, columns)``."""

    def direction(number: int, x: Array) -> Array:
        w, r, b = (params[f"recurrent_{name}"][number] for name in "wrb")
        given = x @ w.T + b[: 3 * HIDDEN]

        def step(h: Array, gates: Array) -> tuple[Array, Array]:
            z, reset, new = jnp.split(gates, 3, axis=-1)
            h_z, h_reset, h_new = jnp.split(h @ r.T + b[3 * HIDDEN :], 3, axis=-1)
            update = jax.nn.sigmoid(z + h_z)
            candidate = jnp.tanh(new + jax.nn.sigmoid(reset + h_reset) * h_new)
            h = (1 - update) * candidate + update * h
            return h, h

        _, states = jax.lax.scan(step, jnp.zeros((len(x), HIDDEN)), given.swapaxes(0, 1))
        return states.mean(axis=0)

    return _both_ways(direction, scaled)


def _both_ways(direction: Callable[[int, Array], Array], x: Array) -> Array:
    return jnp.concatenate([direction(0, x), direction(1, x[:, ::-1])], axis=-1)
