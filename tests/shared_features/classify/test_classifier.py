"""The model file describes itself, and is refused when it cannot be honoured."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from shared_features.classify import classifier as classifier_module
from shared_features.classify.classifier import CONTRACT_KEY, ModelContract, PoseClassifier
from shared_features.errors import ClassifierError
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from shared_features.params import PROJECT_ROOT

STARTER = PROJECT_ROOT / "models" / "pose_classifier.onnx"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copy(STARTER, tmp_path / "model.onnx"))


def change_contract(path: Path, **changes: Any) -> None:
    """Rewrite parts of a model file's description."""
    model = onnx.load(path)
    (entry,) = [p for p in model.metadata_props if p.key == CONTRACT_KEY]
    entry.value = json.dumps(json.loads(entry.value) | changes)
    onnx.save(model, path)


def test_the_starter_model_describes_itself() -> None:
    """Labels, features, provenance and scores are inside the committed file."""
    classifier = PoseClassifier(STARTER)
    assert len(classifier.labels) == 7
    assert classifier.contract.other in classifier.labels
    assert classifier.contract.training["seed"]
    assert classifier.contract.metrics["macro_f1"] > 0.7
    assert STARTER.stat().st_size < 3e6


def test_probabilities_sum_to_one_or_are_nan() -> None:
    """A row without any features is a frame without a person."""
    classifier = PoseClassifier(STARTER)
    random = np.random.default_rng(1)
    columns = len(classifier.contract.features.columns)
    features = random.normal(size=(50, columns)).astype(np.float32)
    features[random.random(features.shape) < 0.3] = np.nan
    features[::5] = np.nan
    probabilities = classifier.probabilities(features)
    assert probabilities.shape == (50, 7)
    assert np.isnan(probabilities[::5]).all()
    known = np.delete(probabilities, np.s_[::5], axis=0)
    assert np.allclose(known.sum(axis=1), 1, atol=1e-5)
    nobody = classifier.contract.features.compute(*empty_landmarks(2), 1.0)
    assert np.isnan(classifier.probabilities(nobody)).all()


def test_one_row_has_the_same_bits_as_many() -> None:
    """Live, row by row, equals offline, all at once."""
    classifier = PoseClassifier(STARTER)
    columns = len(classifier.contract.features.columns)
    features = np.random.default_rng(2).normal(size=(200, columns)).astype(np.float32)
    together = classifier.probabilities(features)
    alone = np.concatenate([classifier.probabilities(features[i : i + 1]) for i in range(200)])
    assert together.tobytes() == alone.tobytes()


def test_nothing_is_reported_and_nothing_left_behind(tmp_path: Path) -> None:
    """Loading and using a model writes no file, telemetry's included."""
    code = (
        "import numpy, pathlib;"
        "from shared_features.classify.classifier import PoseClassifier as C;"
        f"c = C(pathlib.Path({str(STARTER)!r}));"
        "c.probabilities(numpy.zeros((2, len(c.contract.features.columns)), numpy.float32))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], env=environment | {"TMPDIR": str(tmp_path)}, check=True
    )
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_feature_version_is_refused(model: Path) -> None:
    """The message names both sides."""
    features = PoseClassifier(STARTER).contract.features
    change_contract(model, features=features.to_dict() | {"version": 99})
    with pytest.raises(ClassifierError, match=rf"version 99 .* version {features.version}"):
        PoseClassifier(model)


def test_a_model_with_other_formulas_is_refused(model: Path) -> None:
    """The same description with another hash means other numbers."""
    features = PoseClassifier(STARTER).contract.features
    change_contract(model, features=features.to_dict() | {"hash": "feedfeedfeedfeed"})
    with pytest.raises(ClassifierError, match=f"feedfeedfeedfeed.*{features.hash}"):
        PoseClassifier(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["a", "b"], "other": "b"}, "7 probabilities"),
        ({"contract_version": 7}, "contract version 7"),
        ({"timeline": {"smoothing_s": 1}}, "does not understand"),
    ],
    ids=["fewer labels", "contract version", "timeline"],
)
def test_a_contract_that_does_not_fit_is_refused(
    model: Path, changes: dict[str, Any], message: str
) -> None:
    """Nothing is guessed."""
    change_contract(model, **changes)
    with pytest.raises(ClassifierError, match=message):
        PoseClassifier(model)


def test_a_model_may_not_know_the_label_for_everything_else(model: Path) -> None:
    """A model trained on poses alone never predicts it."""
    change_contract(model, other="nothing")
    classifier = PoseClassifier(model)
    assert classifier.contract.other == "nothing"
    assert "nothing" not in classifier.labels


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, model: Path) -> None:
    """Missing, damaged and foreign files each have their own message."""
    with pytest.raises(ClassifierError, match="There is no model file"):
        PoseClassifier(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(ClassifierError, match="not a readable ONNX file"):
        PoseClassifier(tmp_path / "text.onnx")
    foreign = onnx.load(model)
    del foreign.metadata_props[:]
    onnx.save(foreign, model)
    with pytest.raises(ClassifierError, match="without the description of a pose classifier"):
        PoseClassifier(model)


def test_a_contract_survives_being_stored() -> None:
    """The text has sorted keys and readable characters, and gives back an equal contract."""
    contract = replace(PoseClassifier(STARTER).contract, other="éclair")
    text = contract.to_json()
    assert ModelContract.from_json(text) == contract
    content = json.loads(text)
    assert set(content) == {
        *("contract_version", "labels", "other", "features", "timeline", "training", "metrics"),
    }
    assert list(content) == sorted(content)
    assert "éclair" in text


def test_a_model_is_identified_by_the_hash_of_its_file() -> None:
    """The path says where it is, the hash which one it is."""
    classifier = PoseClassifier(STARTER)
    assert classifier.sha256 == hashlib.sha256(STARTER.read_bytes()).hexdigest()
    assert classifier.path == STARTER


@pytest.mark.parametrize("block_frames", [1, 4, 10, 100])
def test_a_track_has_the_probabilities_of_its_features(
    monkeypatch: pytest.MonkeyPatch, block_frames: int
) -> None:
    """However many frames are classified together, with the track's own aspect ratio."""
    monkeypatch.setattr(classifier_module, "_BLOCK_FRAMES", block_frames)
    random = np.random.default_rng(4)
    image = random.uniform(0.1, 0.9, (10, 33, 5)).astype(np.float32)
    world = random.normal(size=(10, 33, 3)).astype(np.float32)
    image[..., 3:] = 0.99  # visibility and presence
    image[3], world[3] = np.nan, np.nan
    image[5, :, 1] += 0.6  # most of it is below the picture
    track = LandmarkTrack("clip.mp4", 720, 1280, np.arange(10) / 25, image, world)
    classifier = PoseClassifier(STARTER)
    found = classifier.classify(track)
    features = classifier.contract.features.compute(image, world, 720 / 1280)
    assert found.dtype == np.float32
    assert np.flatnonzero(np.isnan(found).all(axis=1)).tolist() == [3, 5]
    features[5] = np.nan
    assert found.tobytes() == classifier.probabilities(features).tobytes()


def test_a_model_of_other_shapes_is_refused_with_its_numbers(model: Path) -> None:
    """What it takes and returns, and what its description says."""
    features = FeatureSpec(groups=("angles",))
    change_contract(model, features=features.to_dict())
    columns = len(PoseClassifier(STARTER).contract.features.columns)
    message = rf"takes {columns} features and returns 7 .* names 10 features and 7 labels\. Export"
    with pytest.raises(ClassifierError, match=message):
        PoseClassifier(model)
    renamed = onnx.load(STARTER)
    for output in renamed.graph.output:
        if output.name == "probabilities":
            output.name = "scores"
    for node in renamed.graph.node:
        for i, name in enumerate(node.output):
            if name == "probabilities":
                node.output[i] = "scores"
    onnx.save(renamed, model)
    with pytest.raises(ClassifierError, match="returns None probabilities"):
        PoseClassifier(model)


def test_a_photo_and_its_mirror_image_have_the_same_probabilities(model: Path) -> None:
    """A model trained on mirror images sees both; another one may name sides, and sees only one."""
    random = np.random.default_rng(3)
    image = random.uniform(0.2, 0.8, (1, 33, 5)).astype(np.float32)
    image[..., 3:] = 0.99  # visibility and presence
    track = LandmarkTrack(
        "photo.jpg",
        640,
        480,
        np.zeros(1),
        image,
        random.normal(0, 0.4, (1, 33, 3)).astype(np.float32),
    )
    classifier = PoseClassifier(STARTER)
    photo = classifier.classify_photo(track)
    both = classifier.classify(track), classifier.classify(track.mirrored())
    assert photo == pytest.approx((both[0][0] + both[1][0]) / 2, abs=1e-6)
    assert classifier.classify_photo(track.mirrored()) == pytest.approx(photo, abs=1e-6)
    change_contract(model, training={"mirror_images": False})
    one_sided = PoseClassifier(model)
    assert (one_sided.classify_photo(track) == both[0][0]).all()


def test_a_photo_without_a_person_has_no_probabilities() -> None:
    """They are NaN, as in a track."""
    nobody = LandmarkTrack("photo.jpg", 64, 48, np.zeros(1), *empty_landmarks(1))
    assert np.isnan(PoseClassifier(STARTER).classify_photo(nobody)).all()
