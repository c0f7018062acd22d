"""A temporal convolution network: residual convolutions over time, each reaching further."""

import numpy as np
from numpy.typing import NDArray

from training.sequence.networks.backend import Array, Params, jax, jnp

CHANNELS = 64
KERNEL = 3
DILATIONS = (1, 2, 4)

Weights = dict[str, NDArray[np.float32]]


def tcn_weights(random: np.random.Generator, columns: int) -> Weights:
    """Initial weights (He et al. 2015)."""

    def convolution(out: int, into: int, width: int) -> NDArray[np.float32]:
        std = (2 / (into * width)) ** 0.5
        return random.normal(0, std, (out, into, width)).astype(np.float32)

    weights = {"entry_w": convolution(CHANNELS, columns, 1)}
    weights["entry_b"] = np.zeros(CHANNELS, dtype=np.float32)
    for dilation in DILATIONS:
        weights[f"time_{dilation}_w"] = convolution(CHANNELS, CHANNELS, KERNEL)
        weights[f"time_{dilation}_b"] = np.zeros(CHANNELS, dtype=np.float32)
    return weights


def tcn(params: Params, scaled: Array) -> Array:
    """Means and maxima over time ``(n, 128)`` of sequences ``(n, steps, columns)``."""
    x = over_time(scaled, params["entry_w"], 1) + params["entry_b"]
    for dilation in DILATIONS:
        change = over_time(jax.nn.relu(x), params[f"time_{dilation}_w"], dilation)
        x = x + change + params[f"time_{dilation}_b"]
    x = jax.nn.relu(x)
    return jnp.concatenate([x.mean(axis=1), x.max(axis=1)], axis=-1)


def over_time(x: Array, weights: Array, dilation: int) -> Array:
    """A convolution over the second axis of ``(n, steps, …, channels)``, its ends padded with 0.

    It is one matrix product: XLA's own convolutions are many times slower on a CPU.

    Args:
        x: The input.
        weights: ``(out, channels, width)``, ONNX's layout.
        dilation: Number of steps between the steps that are seen.
    """
    out, _, width = weights.shape
    reach = dilation * (width // 2)
    steps = x.shape[1]
    padded = jnp.pad(x, [(0, 0), (reach, reach), *[(0, 0)] * (x.ndim - 2)])
    shifted = [padded[:, k * dilation : k * dilation + steps] for k in range(width)]
    product: Array = jnp.concatenate(shifted, axis=-1) @ weights.transpose(2, 1, 0).reshape(-1, out)
    return product


def _onnx() -> str:
    nodes = [
        "by_column = Transpose<perm = [0, 2, 1]>(scaled)",
        "entry = Conv<kernel_shape = [1]>(by_column, entry_w, entry_b)",
    ]
    x = "entry"
    for dilation in DILATIONS:
        nodes += [
            f"relu_{dilation} = Relu({x})",
            f"change_{dilation} = Conv<kernel_shape = [{KERNEL}], dilations = [{dilation}], "
            f"pads = [{dilation}, {dilation}]>"
            f"(relu_{dilation}, time_{dilation}_w, time_{dilation}_b)",
            f"sum_{dilation} = Add({x}, change_{dilation})",
        ]
        x = f"sum_{dilation}"
    nodes += [
        f"last = Relu({x})",
        "mean_over_time = ReduceMean<axes = [2], keepdims = 0>(last)",
        "max_over_time = ReduceMax<axes = [2], keepdims = 0>(last)",
        "trunk = Concat<axis = 1>(mean_over_time, max_over_time)",
    ]
    return "\n".join(nodes) + "\n"


TCN_ONNX = _onnx()
