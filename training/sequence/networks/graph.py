"""Spatial-temporal graph convolutions over the skeleton (after Yan, Xiong and Lin 2018, ST-GCN).

Each block mixes a joint with itself and with its neighbours on the skeleton, the neighbours'
influence being learned, and then looks along time.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import CONNECTIONS, LANDMARK_COUNT, LANDMARK_INDEX
from shared_features.sequence.layout import LANDMARK_DIMS, VALID_COLUMN
from training.sequence.networks.backend import Array, Params, jax, jnp
from training.sequence.networks.temporal import over_time

BLOCKS = ((LANDMARK_DIMS + 1, 24), (24, 24), (24, 48))
KERNEL = 5  # steps

Weights = dict[str, NDArray[np.float32]]


def adjacency() -> NDArray[np.float32]:
    """Which landmarks are connected ``(33, 33)``, each column adding up to 1.

    Hips and shoulders of a side are neighbours of their other side as well, and the nose of both
    shoulders, so that the face is not cut off.
    """
    edges = np.zeros((LANDMARK_COUNT, LANDMARK_COUNT), dtype=np.float32)
    neck = (("NOSE", "LEFT_SHOULDER"), ("NOSE", "RIGHT_SHOULDER"), ("NOSE", "MOUTH_LEFT"))
    for first, second in (*CONNECTIONS, *neck):
        a, b = LANDMARK_INDEX[first], LANDMARK_INDEX[second]
        edges[a, b] = edges[b, a] = 1
    normalised: NDArray[np.float32] = edges / edges.sum(axis=0)
    return normalised


def graph_weights(random: np.random.Generator, columns: int) -> Weights:
    """Initial weights (He et al. 2015); ``neighbours`` start as the skeleton."""
    weights: Weights = {}
    for number, (into, out) in enumerate(BLOCKS):
        for name, shape in (
            ("space", (out, 2 * into, 1, 1)),
            ("time", (out, out, KERNEL, 1)),
            ("skip", (out, into, 1, 1)),
        ):
            std = (2 / np.prod(shape[1:])) ** 0.5
            weights[f"{name}_{number}_w"] = random.normal(0, std, shape).astype(np.float32)
            weights[f"{name}_{number}_b"] = np.zeros(out, dtype=np.float32)
        weights[f"neighbours_{number}"] = adjacency()
    return weights


def graph(params: Params, scaled: Array) -> Array:
    """Means over time and joints ``(n, 48)`` of sequences ``(n, steps, 133)``."""
    n, steps, _ = scaled.shape
    joints = scaled[..., :VALID_COLUMN].reshape(n, steps, LANDMARK_COUNT, LANDMARK_DIMS)
    valid = jnp.broadcast_to(scaled[:, :, None, VALID_COLUMN:], (n, steps, LANDMARK_COUNT, 1))
    x = jnp.concatenate([joints, valid], axis=-1)
    for number in range(len(BLOCKS)):
        neighbours = params[f"neighbours_{number}"].T @ x
        both = jnp.concatenate([x, neighbours], axis=-1)
        mixed = jax.nn.relu(_mixed(params, f"space_{number}", both))
        x = jax.nn.relu(
            over_time(mixed, params[f"time_{number}_w"][..., 0], 1)
            + params[f"time_{number}_b"]
            + _mixed(params, f"skip_{number}", x)
        )
    return x.mean(axis=(1, 2))


def _mixed(params: Params, name: str, x: Array) -> Array:
    """A convolution of width 1 over the channels of ``(n, steps, 33, channels)``."""
    return x @ params[f"{name}_w"][:, :, 0, 0].T + params[f"{name}_b"]


GRAPH_CONSTANTS: dict[str, NDArray[np.int64]] = {
    "landmark_columns": np.arange(VALID_COLUMN),
    "valid_columns": np.full(LANDMARK_COUNT, VALID_COLUMN),
    "joint_shape": np.array([0, 0, LANDMARK_COUNT, LANDMARK_DIMS]),
    "flag_shape": np.array([0, 0, LANDMARK_COUNT, 1]),
}


def _onnx() -> str:
    nodes = [
        "flat = Gather<axis = 2>(scaled, landmark_columns)",
        "joints = Reshape(flat, joint_shape)",
        "repeated = Gather<axis = 2>(scaled, valid_columns)",
        "flags = Reshape(repeated, flag_shape)",
        "channels_last = Concat<axis = 3>(joints, flags)",
        "x_0 = Transpose<perm = [0, 3, 1, 2]>(channels_last)",
    ]
    for k in range(len(BLOCKS)):
        half = KERNEL // 2
        nodes += [
            f"from_neighbours_{k} = MatMul(x_{k}, neighbours_{k})",
            f"both_{k} = Concat<axis = 1>(x_{k}, from_neighbours_{k})",
            f"space_{k} = Conv<kernel_shape = [1, 1]>(both_{k}, space_{k}_w, space_{k}_b)",
            f"mixed_{k} = Relu(space_{k})",
            f"time_{k} = Conv<kernel_shape = [{KERNEL}, 1], pads = [{half}, 0, {half}, 0]>"
            f"(mixed_{k}, time_{k}_w, time_{k}_b)",
            f"skip_{k} = Conv<kernel_shape = [1, 1]>(x_{k}, skip_{k}_w, skip_{k}_b)",
            f"sum_{k} = Add(time_{k}, skip_{k})",
            f"x_{k + 1} = Relu(sum_{k})",
        ]
    nodes.append(f"trunk = ReduceMean<axes = [2, 3], keepdims = 0>(x_{len(BLOCKS)})")
    return "\n".join(nodes) + "\n"


GRAPH_ONNX = _onnx()
