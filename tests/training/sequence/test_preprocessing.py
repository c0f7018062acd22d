"""The steps between clips and models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_features.errors import ParamsError
from shared_features.params import load_section
from shared_features.sequence.clips import points_sequence
from shared_features.sequence.layout import SequenceSpec, landmarks_of, valid_of
from tests.training.sequence.movements import labelled_clips, movement
from training.errors import DatasetError
from training.sequence.data.clips import Clip, LabelledClips
from training.sequence.preprocessing.augmentation import augmented
from training.sequence.preprocessing.pipeline import Preprocessing, sequence_spec
from training.sequence.preprocessing.samples import Samples
from training.sequence_params import PreprocessingParams, SequenceParams

PARAMS = SequenceParams()


def fitted(data: LabelledClips, **changes: Any) -> tuple[Preprocessing, Samples]:
    params = PARAMS.model_copy(update={"preprocessing": PreprocessingParams(**changes)})
    steps = Preprocessing(params.preprocessing, sequence_spec(params), 1)
    return steps, steps.fit(data)


def test_training_only_steps_leave_other_clips_alone() -> None:
    """What a model is tested on has no copies and no noise, and is what serving would compute."""
    data = labelled_clips("points", 24)
    steps, train = fitted(data, noise=True, limit=True, max_per_class=1, copies=2)
    other = steps.transform(data)
    assert len(other.arrays()) == len(data)
    assert len(train.arrays()) == 3 * len(np.unique(train.targets))
    spec = sequence_spec(PARAMS)
    for clip, sequence in zip(data.clips, other.arrays(), strict=True):
        assert np.array_equal(points_sequence(clip.pts_s, clip.points, spec), sequence)


def test_a_glitch_is_interpolated() -> None:
    """One hand far away for one frame leaves no trace; a still body is not touched."""
    points = movement(0.5, seed=1)
    jumped = points.copy()
    jumped[12, 15, :2] += 3
    pts_s = np.arange(len(points)) / 30
    spec, plain = SequenceSpec(30, glitch_threshold=6.0), SequenceSpec(30)
    clean = points_sequence(pts_s, points, plain)
    assert np.abs(points_sequence(pts_s, jumped, spec) - clean).max() < 0.3
    assert np.abs(points_sequence(pts_s, jumped, plain) - clean).max() > 3
    assert np.array_equal(points_sequence(pts_s, points, spec), clean)


def test_labels_are_merged_and_become_codes() -> None:
    """`classes` renames them; a name that no clip has is an error."""
    data = labelled_clips("labels", 24)
    _, train = fitted(data, classes={"low": "lower"}, augment=False)
    assert train.labels == ("high", "lower")
    assert set(train.targets) == {0, 1}
    with pytest.raises(DatasetError, match="renames \\['lo'\\], which no clip has"):
        fitted(data, classes={"lo": "low"})
    with pytest.raises(DatasetError, match="at least two"):
        fitted(data, classes={"low": "high"})


@pytest.mark.parametrize("step", ["resample", "reclassify", "scale"])
def test_a_required_step_cannot_be_switched_off(step: str, tmp_path: Path) -> None:
    """The message says which, and that it is required."""
    path = tmp_path / "params.yaml"
    path.write_text(f"training:\n  preprocessing:\n    {step}: false\n")
    with pytest.raises(ParamsError, match=f"(?s){step}.*this step is required"):
        load_section(SequenceParams, "training", path)


@given(st.integers(0, 1000))
def test_augmented_copies_stay_sequences(seed: int) -> None:
    """Finite, with flags of 0 and 1; unseen landmarks stay unseen, and the original is kept."""
    points = movement(0.7, seed)
    sequences = np.stack([points_sequence(np.arange(30) / 30, points, SequenceSpec())] * 4)
    before = sequences.copy()
    copies = augmented(sequences, PreprocessingParams().augmentations, np.random.default_rng(seed))
    assert np.array_equal(sequences, before)
    assert np.isfinite(copies).all()
    assert set(np.unique(valid_of(copies))) <= {0.0, 1.0}
    assert not np.array_equal(copies, sequences)
    visibility = landmarks_of(copies)[..., 3]
    assert ((visibility >= 0) & (visibility <= 1)).all()


@pytest.mark.parametrize("score", [-1.0, 100.5, float("nan")])
def test_scores_outside_0_to_100_are_refused(score: float) -> None:
    """Whatever they come from."""
    clip = Clip("a", np.arange(3) / 30, movement(0, 0, 3))
    with pytest.raises(DatasetError, match="not between 0 and 100"):
        LabelledClips((clip,), np.array([score]), np.array(["a"]), "points")


def test_clips_read_back(tmp_path: Path) -> None:
    """What promotion compares by is stored with the version."""
    data = labelled_clips("labels", 6)
    data.save(tmp_path / "clips.npz")
    again = LabelledClips.load(tmp_path / "clips.npz")
    assert again.kind == "labels"
    assert again.targets.tolist() == data.targets.tolist()
    for one, other in zip(again.clips, data.clips, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.points, other.points)
