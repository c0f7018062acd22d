"""A small valid model file, for tests that must run without a trained model."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from shared_features.classify.classifier import (
    CONTRACT_KEY,
    INPUT_NAME,
    PROBABILITIES_NAME,
    ModelContract,
)
from shared_features.features.spec import FeatureSpec
from shared_features.params import load_shared


def write_tiny_model(
    path: Path,
    metadata: dict[str, str] | None = None,
    poses: tuple[str, ...] | None = None,
    seed: int = 7,
) -> Path:
    """A softmax over a fixed random projection of the features, NaN read as zero.

    Args:
        path: Path of the file to write.
        metadata: Metadata in place of a contract.
        poses: Labels in place of those in params.yaml.
        seed: Seed of the weights; another one gives other probabilities.
    """
    shared = load_shared()
    spec = FeatureSpec(
        shared.features.groups,
        shared.features.spatial_margin,
        shared.features.head_shoulder_margin,
    )
    labels = (*(poses or shared.labels.poses), shared.labels.other)
    weights = np.random.default_rng(seed).normal(0, 0.5, (len(spec.columns), len(labels)))
    # Angles are in degrees; all other features are around 1.
    weights[:10] /= 90
    constants = [
        numpy_helper.from_array(weights.astype(np.float32), "weights"),
        numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
    ]
    nodes = [
        helper.make_node("IsNaN", [INPUT_NAME], ["unknown"]),
        helper.make_node("Where", ["unknown", "zero", INPUT_NAME], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], [PROBABILITIES_NAME], axis=1),
    ]
    given = helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, [None, len(spec.columns)])
    asked = helper.make_tensor_value_info(
        PROBABILITIES_NAME, TensorProto.FLOAT, [None, len(labels)]
    )
    graph = helper.make_graph(nodes, "tiny", [given], [asked], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    contract = ModelContract(
        labels, shared.labels.other, spec, shared.timeline, {"run_id": "tiny"}, {"macro_f1": 0.0}
    )
    if metadata is None:
        metadata = {CONTRACT_KEY: contract.to_json()}
    helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString())
    return path
