"""The baseline: statistics of a clip, and boosted trees on them.

Most statistics are of the change since the first step: how somebody stands before a movement
differs from person to person more than what they do. (On UI-PRMD, with each person held out,
extremely randomised trees on statistics of the change alone reached a ROC AUC of 0.960, and 0.944
or less on statistics of the values.) Angles and directions also count as they are.

The statistics are an ONNX graph, in training as well, so that they are defined once and a threshold
of a tree falls on the same side everywhere.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.onnx_file import open_session
from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_INDEX
from shared_features.sequence.contract import INPUT_NAME
from shared_features.sequence.layout import LANDMARK_DIMS, VALID_COLUMN, SequenceArray
from training.sequence.networks.onnx_text import sequence_graph

STATISTICS = "statistics"

_SIDES = ("LEFT", "RIGHT")
_JOINTS = ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE", "FOOT_INDEX")
POINTS: tuple[str, ...] = ("NOSE", *(f"{side}_{joint}" for side in _SIDES for joint in _JOINTS))
# The angle at the second joint.
ANGLES: tuple[tuple[str, str, str], ...] = tuple(
    (f"{side}_{a}", f"{side}_{b}", f"{side}_{c}")
    for side in _SIDES
    for a, b, c in (
        ("SHOULDER", "ELBOW", "WRIST"),
        ("ELBOW", "SHOULDER", "HIP"),
        ("SHOULDER", "HIP", "KNEE"),
        ("HIP", "KNEE", "ANKLE"),
        ("KNEE", "ANKLE", "FOOT_INDEX"),
    )
)
# Directions of these bones, as unit vectors, do not depend on the length of limbs.
BONES: tuple[tuple[str, str], ...] = (
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in _SIDES
        for a, b in (
            ("SHOULDER", "ELBOW"),
            ("ELBOW", "WRIST"),
            ("HIP", "KNEE"),
            ("KNEE", "ANKLE"),
            ("HIP", "SHOULDER"),
        )
    ),
    ("LEFT_SHOULDER", "RIGHT_SHOULDER"),
    ("LEFT_HIP", "RIGHT_HIP"),
)
DISTANCES: tuple[tuple[str, str], ...] = (
    *((f"LEFT_{joint}", f"RIGHT_{joint}") for joint in ("WRIST", "KNEE", "ANKLE")),
    *((f"{side}_WRIST", f"{side}_ANKLE") for side in _SIDES),
    *((f"{side}_SHOULDER", f"{side}_WRIST") for side in _SIDES),
    *((f"{side}_HIP", f"{side}_ANKLE") for side in _SIDES),
    *(("NOSE", f"{side}_ANKLE") for side in _SIDES),
)
_QUANTILES = (0.25, 0.5, 0.75)
_PER_SERIES = 6 + len(_QUANTILES)
SERIES = 3 * len(POINTS) + len(ANGLES) + 3 * len(BONES) + len(DISTANCES)
COLUMNS = SERIES * _PER_SERIES + 3 * len(ANGLES) + 3 * len(BONES)

_NODES = """
    flat = Gather<axis = 2>(sequences, landmark_columns)
    landmarks = Reshape(flat, joint_shape)
    xyz = Gather<axis = 3>(landmarks, axes_of_xyz)

    points = Gather<axis = 2>(xyz, point_joints)
    positions = Reshape(points, flat_shape)

    angle_a = Gather<axis = 2>(xyz, angle_first)
    angle_b = Gather<axis = 2>(xyz, angle_second)
    angle_c = Gather<axis = 2>(xyz, angle_third)
    u = Sub(angle_a, angle_b)
    v = Sub(angle_c, angle_b)
    uv = Mul(u, v)
    uu = Mul(u, u)
    vv = Mul(v, v)
    dot = ReduceSum<keepdims = 0>(uv, last_axis)
    u_squared = ReduceSum<keepdims = 0>(uu, last_axis)
    v_squared = ReduceSum<keepdims = 0>(vv, last_axis)
    squares = Mul(u_squared, v_squared)
    lengths = Sqrt(squares)
    lengths_up = Add(lengths, tiny)
    cosine = Div(dot, lengths_up)
    cosine_within = Clip(cosine, minus_one, one)
    angles = Acos(cosine_within)

    bone_a = Gather<axis = 2>(xyz, bone_first)
    bone_b = Gather<axis = 2>(xyz, bone_second)
    bone = Sub(bone_b, bone_a)
    bone_bone = Mul(bone, bone)
    bone_squared = ReduceSum<keepdims = 1>(bone_bone, last_axis)
    bone_length = Sqrt(bone_squared)
    bone_length_up = Add(bone_length, tiny)
    unit = Div(bone, bone_length_up)
    directions = Reshape(unit, flat_shape)

    distance_a = Gather<axis = 2>(xyz, distance_first)
    distance_b = Gather<axis = 2>(xyz, distance_second)
    apart = Sub(distance_b, distance_a)
    apart_apart = Mul(apart, apart)
    apart_squared = ReduceSum<keepdims = 0>(apart_apart, last_axis)
    distances = Sqrt(apart_squared)

    mean_angles = ReduceMean<axes = [1], keepdims = 0>(angles)
    least_angles = ReduceMin<axes = [1], keepdims = 0>(angles)
    most_angles = ReduceMax<axes = [1], keepdims = 0>(angles)
    mean_directions = ReduceMean<axes = [1], keepdims = 0>(directions)

    series = Concat<axis = 2>(positions, angles, directions, distances)
    first = Gather<axis = 1>(series, first_step)
    change = Sub(series, first)
    mean = ReduceMean<axes = [1], keepdims = 1>(change)
    centred = Sub(change, mean)
    centred_squared = Mul(centred, centred)
    variance = ReduceMean<axes = [1], keepdims = 1>(centred_squared)
    std = Sqrt(variance)
    least = ReduceMin<axes = [1], keepdims = 1>(change)
    most = ReduceMax<axes = [1], keepdims = 1>(change)
    extent = Sub(most, least)
    last = Gather<axis = 1>(change, last_step)
    all_steps = Shape<start = 1, end = 2>(change)
    sorted, unused = TopK<axis = 1, largest = 0, sorted = 1>(change, all_steps)
    steps_float = Cast<to = 1>(all_steps)
    last_number = Sub(steps_float, one)
    quantile_places = Mul(last_number, quantiles)
    quantile_rounded = Round(quantile_places)
    quantile_steps = Cast<to = 7>(quantile_rounded)
    quartiles = Gather<axis = 1>(sorted, quantile_steps)
    rows = Concat<axis = 1>(mean, std, least, most, extent, last, quartiles)
    of_change = Flatten<axis = 1>(rows)
    statistics = Concat<axis = 1>(
        of_change, mean_angles, least_angles, most_angles, mean_directions)
"""


def _joints(names: tuple[str, ...]) -> NDArray[np.int64]:
    return np.array([LANDMARK_INDEX[name] for name in names], dtype=np.int64)


def _constants() -> dict[str, NDArray[Any]]:
    ends: dict[str, tuple[Any, tuple[str, ...]]] = {
        "angle": (ANGLES, ("first", "second", "third")),
        "bone": (BONES, ("first", "second")),
        "distance": (DISTANCES, ("first", "second")),
    }
    joints = {
        f"{name}_{end}": _joints(tuple(entry[number] for entry in entries))
        for name, (entries, names) in ends.items()
        for number, end in enumerate(names)
    }
    return joints | {
        "landmark_columns": np.arange(VALID_COLUMN),
        "joint_shape": np.array([0, 0, LANDMARK_COUNT, LANDMARK_DIMS]),
        "flat_shape": np.array([0, 0, -1]),
        "axes_of_xyz": np.arange(3),
        "point_joints": _joints(POINTS),
        "last_axis": np.array([-1]),
        "tiny": np.array(1e-6, dtype=np.float32),
        "one": np.array(1, dtype=np.float32),
        "minus_one": np.array(-1, dtype=np.float32),
        "first_step": np.array([0]),
        "last_step": np.array([-1]),
        "quantiles": np.array(_QUANTILES, dtype=np.float32),
    }


def statistics_graph() -> Any:
    """The ONNX model from sequences to statistics ``(n, COLUMNS)``."""
    return sequence_graph(_NODES, _constants(), COLUMNS, STATISTICS)


@cache
def _session() -> Any:
    content = statistics_graph().SerializeToString()
    return open_session(Path(STATISTICS), content, "This is an error of the program.")


def statistics(sequences: SequenceArray) -> NDArray[np.float32]:
    """Statistics ``(n, COLUMNS)`` of sequences ``(n, steps, 133)``, one by one as in serving."""
    rows = np.empty((len(sequences), COLUMNS), dtype=np.float32)
    for number, sequence in enumerate(sequences):
        rows[number] = _session().run([STATISTICS], {INPUT_NAME: sequence[np.newaxis]})[0][0]
    return rows
