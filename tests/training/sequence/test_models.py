"""The models, their files and their training."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared_features.classify.sequence_model import QualityScorer, SequenceModel, points
from shared_features.errors import ClassifierError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.sequence.contract import CONTRACT_KEY, SequenceContract
from shared_features.sequence.layout import SEQUENCE_COLUMNS, SequenceSpec
from tests.training.sequence.movements import labelled_clips, movement
from training.errors import ExportError
from training.sequence.data.clips import Target
from training.sequence.fitting.training import FitSettings, fit_network
from training.sequence.networks.fitted import FittedModel, FittedNetwork
from training.sequence.networks.model_file import export_sequence_model
from training.sequence.networks.models import NETWORKS
from training.sequence.networks.trees import fit_trees, load_trees
from training.sequence.preprocessing.pipeline import Preprocessing
from training.sequence.preprocessing.samples import Samples, Scaling
from training.sequence_params import PreprocessingParams

SPEC = SequenceSpec(6)
CONTRACT = SequenceContract("score", (), SPEC, metrics={"mae_points": 3.0})
SCALING = Scaling(
    np.linspace(-1, 1, SEQUENCE_COLUMNS, dtype=np.float32),
    np.linspace(0.5, 2, SEQUENCE_COLUMNS, dtype=np.float32),
)


def samples(kind: Target, n_clips: int = 24) -> Samples:
    steps = Preprocessing(PreprocessingParams(augment=False), SPEC, 1)
    return steps.fit(labelled_clips(kind, n_clips))


@pytest.fixture(scope="module")
def scorer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scorer with random weights."""
    path = tmp_path_factory.mktemp("scorer") / "quality.onnx"
    model = FittedNetwork("tcn", NETWORKS["tcn"].initial(1, 3), SCALING, "points")
    export_sequence_model(model, CONTRACT, samples("points").arrays(), path, 1)
    return path


@pytest.mark.parametrize(
    "name",
    ["bilstm", "tcn", *(pytest.param(n, marks=pytest.mark.release) for n in ("gru", "graph"))],
)
def test_the_file_of_a_network_gives_what_the_network_gives(name: str, tmp_path: Path) -> None:
    """The parity gate measures it; the same model gives the same bytes."""
    model = FittedNetwork(name, NETWORKS[name].initial(3, 3), SCALING, "labels")
    contract = replace(CONTRACT, task="classify", labels=("a", "b", "c"))
    paths = [tmp_path / "one.onnx", tmp_path / "two.onnx"]
    for path in paths:
        parity = export_sequence_model(model, contract, samples("points").arrays(), path, 1)
        assert parity.passed
        assert parity.rows > 500
        if name == "graph":  # the slowest; the others show that the bytes are the same
            return
    assert paths[0].read_bytes() == paths[1].read_bytes()
    outputs = SequenceModel(paths[0]).outputs(samples("points").arrays())
    assert outputs.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["points", "correct", "labels"])
def test_the_file_of_the_baseline_gives_what_the_baseline_gives(
    kind: Target, tmp_path: Path
) -> None:
    """Statistics and trees in one graph; and the trees read back the same."""
    data = samples(kind)
    model: FittedModel = fit_trees((data.arrays(), data.targets), None, kind, 1)
    contract = CONTRACT
    if kind == "labels":
        contract = replace(CONTRACT, task="classify", labels=data.labels)
    parity = export_sequence_model(model, contract, data.arrays(), tmp_path / "x.onnx", 1)
    assert parity.max_difference < 1e-6
    (tmp_path / "x.ubj").write_bytes(model.model.get_booster().save_raw("ubj"))  # type: ignore[attr-defined]
    again = load_trees(tmp_path / "x.ubj", kind).outputs(data.arrays())
    np.testing.assert_array_equal(again, model.outputs(data.arrays()))


def test_a_file_that_differs_is_not_written(tmp_path: Path) -> None:
    """The gate compares; nothing is left behind."""

    class Wrong(FittedNetwork):
        def outputs(self, sequences: np.ndarray) -> np.ndarray:
            return super().outputs(sequences) + np.float32(0.01)

    model = Wrong("tcn", NETWORKS["tcn"].initial(1, 3), SCALING, "points")
    with pytest.raises(ExportError, match=r"off by up to 1\.0e-02"):
        export_sequence_model(model, CONTRACT, samples("points").arrays(), tmp_path / "q.onnx", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_training_ends_as_if_it_had_not_been_killed(tmp_path: Path) -> None:
    """Bit for bit; and it does not start again."""
    data = samples("points", 20)
    train, validation = data.rows(np.arange(12)), data.rows(np.arange(12, 20))
    settings = FitSettings("tcn", 4, 1e-3, epochs_limit=6, patience=6, seed=5)
    whole = fit_network(train, validation, settings, tmp_path / "whole.npz")
    # What a kill after the third epoch leaves.
    fit_network(train, validation, replace(settings, epochs_limit=3), tmp_path / "killed.npz")
    continued = fit_network(train, validation, settings, tmp_path / "killed.npz")
    assert continued.history == whole.history
    assert continued.best_epoch == whole.best_epoch
    for name, weights in whole.weights.items():
        assert np.array_equal(continued.weights[name], weights), name
    assert whole.history[-1]["train_loss"] < whole.history[0]["train_loss"]


def test_early_stopping_keeps_the_best_epoch(tmp_path: Path) -> None:
    """With a learning rate that ruins everything, it soon stops."""
    data = samples("points", 20)
    train, validation = data.rows(np.arange(12)), data.rows(np.arange(12, 20))
    settings = FitSettings("tcn", 4, 3.0, epochs_limit=50, patience=2, seed=5)
    fit = fit_network(train, validation, settings, tmp_path / "c.npz")
    losses = [epoch["validation_loss"] for epoch in fit.history]
    assert len(losses) == fit.best_epoch + 2 < 50
    assert losses[fit.best_epoch - 1] == min(losses)


def track(frames: int) -> LandmarkTrack:
    image = np.ones((frames, 33, 5), dtype=np.float32)
    image[..., :4] = movement(0.6, 1, frames)
    world = np.zeros((frames, 33, 3), dtype=np.float32)
    return LandmarkTrack("a.mp4", 640, 480, np.arange(frames) / 30, image, world)


def test_a_clip_gets_the_same_bits_alone_and_in_company(scorer_file: Path) -> None:
    """Offline and online, in this process and after a pickle; from 0 to 100."""
    scorer = QualityScorer(scorer_file)
    arrays = samples("points").arrays()
    together = scorer.outputs(arrays)
    for row in (0, 7):
        assert np.array_equal(scorer.outputs(arrays[row : row + 1])[0], together[row])
    assert all(0 <= value <= 100 for value in points(together))
    assert 0 <= scorer.score(track(40), 0.2, 0.9) <= 100
    assert scorer.score(track(2)) >= 0  # shorter than the sequence: interpolated


def test_without_a_person_there_is_no_score(scorer_file: Path) -> None:
    """In most of the clip."""
    one = track(40)
    image = one.image.copy()
    image[:30] = np.nan
    assert np.isnan(QualityScorer(scorer_file).score(replace(one, image=image)))


def changed(path: Path, key: str, **changes: object) -> bytes:
    import onnx

    model = onnx.load(path)
    [entry] = model.metadata_props
    entry.key, content = key, json.loads(entry.value)
    content.update(changes)
    entry.value = json.dumps(content)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contract_version": 99}, "contract version 99, expected 1"),
        ({"task": "rank"}, "task 'rank'"),
        ({"task": "classify", "labels": ["a", "b"]}, r"names 133 and 2"),
        ({"sequence": SPEC.to_dict() | {"hash": "0"}}, "Use the program that trained"),
        ({"sequence": {}}, "needs the keys"),
    ],
)
def test_a_scorer_of_another_contract_is_refused(
    scorer_file: Path, changes: dict[str, object], message: str
) -> None:
    """With a message that says what does not fit."""
    content = changed(scorer_file, CONTRACT_KEY, **changes)
    with pytest.raises(ClassifierError, match=message):
        QualityScorer(scorer_file, content)


def test_files_that_are_no_scorers_are_refused(scorer_file: Path, tmp_path: Path) -> None:
    """Missing, damaged, something else, or for the other task."""
    with pytest.raises(ClassifierError, match="There is no sequence model"):
        QualityScorer(tmp_path / "quality.onnx")
    with pytest.raises(ClassifierError, match="not a readable ONNX file"):
        QualityScorer(scorer_file, b"nonsense")
    with pytest.raises(ClassifierError, match="without the description"):
        QualityScorer(scorer_file, changed(scorer_file, "other"))
    with pytest.raises(ClassifierError, match="expected one to classify"):
        SequenceModel(scorer_file, task="classify")
