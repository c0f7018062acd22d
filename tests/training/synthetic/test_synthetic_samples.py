"""Samples: the same seed gives the same samples, however the work is split."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from training.synthetic import frames
from training.synthetic.frames import (
    CLIP_FRAMES,
    CLIP_STILL_FRAMES,
    FRAMES_PER_GROUP,
    clip_groups,
    frame_groups,
    render_frames,
)
from training.synthetic.poses.table import LABELS, OTHER
from training.synthetic.samples import LANDMARKS_PER_GROUP, generate_landmarks, landmark_groups


def test_a_seed_means_the_same_samples_whatever_their_number() -> None:
    """More samples start with the same ones."""
    short, long = generate_landmarks(13, seed=3), generate_landmarks(40, seed=3)
    np.testing.assert_array_equal(short.image, long.image[:13])
    np.testing.assert_array_equal(short.world, long.world[:13])
    assert list(short.labels) == list(long.labels[:13])
    assert not np.array_equal(short.image, generate_landmarks(13, seed=4).image)


def test_groups_can_be_made_anywhere_in_any_order() -> None:
    """Group 5 is the same alone or among others, so processes can share the work."""
    alone = landmark_groups(seed=1, first_group=5, n_groups=1)
    among = landmark_groups(seed=1, first_group=4, n_groups=3)
    here = among.groups == 5
    assert here.sum() == LANDMARKS_PER_GROUP
    np.testing.assert_array_equal(alone.image, among.image[here])
    assert len({(w, h) for w, h in zip(alone.width, alone.height, strict=True)}) == 1


def test_half_is_other_and_the_poses_share_the_rest() -> None:
    """Training relies on this balance."""
    samples = generate_landmarks(1200, seed=0)
    shares = {label: float(np.mean(samples.labels == label)) for label in LABELS}
    assert 0.45 < shares.pop(OTHER) < 0.55
    assert all(0.06 < share < 0.11 for share in shares.values())
    assert np.isfinite(samples.image).all()
    assert np.isfinite(samples.world).all()
    assert samples.image.dtype == samples.world.dtype == np.float32


def test_only_the_asked_labels_are_drawn() -> None:
    """``labels`` limits what is drawn, and unknown ones are named."""
    assert set(generate_landmarks(40, seed=0, labels=["l-hang"]).labels) == {"l-hang"}
    with pytest.raises(ValueError, match="handstand"):
        generate_landmarks(1, seed=0, labels=["handstand"])


def test_noise_leaves_the_body_recognisable() -> None:
    """Typical world errors are a fraction of the torso, and hips stay in the middle."""
    samples = generate_landmarks(200, seed=2)
    hips = samples.world[:, [LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"]]]
    np.testing.assert_allclose(hips.mean(axis=1), 0, atol=0.01)
    shoulders = samples.world[
        :, [LANDMARK_INDEX["LEFT_SHOULDER"], LANDMARK_INDEX["RIGHT_SHOULDER"]]
    ]
    torso_m = np.linalg.norm(shoulders.mean(axis=1), axis=1)
    assert 0.38 < np.median(torso_m) < 0.58
    visibility = samples.image[..., 3]
    assert visibility.min() >= 0
    assert visibility.max() <= 1


def test_frames_repeat_exactly_and_know_their_truth() -> None:
    """Rendering is deterministic too."""
    first, again = next(render_frames(1, seed=9)), next(frame_groups(9, 0, 1))
    np.testing.assert_array_equal(first.rgb, again.rgb)
    assert first.rgb.shape == (first.height, first.width, 3)
    assert first.image.shape == first.world.shape == (33, 3)
    drawn = list(frame_groups(9, 1, 2, labels=["nutcracker"]))
    assert [frame.group for frame in drawn] == [1] * FRAMES_PER_GROUP + [2] * FRAMES_PER_GROUP


def _blank(*arguments: Any) -> NDArray[np.uint8]:
    """Like `render`, but without a performer."""
    camera = arguments[3]
    return np.zeros((camera.height, camera.width, 3), dtype=np.uint8)


def test_a_clip_is_rendered_from_one_fixed_camera() -> None:
    """All frames of a clip have the same size and background, and the performer moves."""
    (clip,) = clip_groups(3, first_group=10, n_groups=1)
    assert len(clip) == CLIP_FRAMES
    assert len({frame.rgb.shape for frame in clip}) == 1
    assert not np.array_equal(clip[0].rgb, clip[-1].rgb)


def test_a_clip_moves_from_one_label_through_others_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each end keeps its label for a moment; between two poses there is something else."""
    monkeypatch.setattr(frames, "render", _blank)
    for clip in clip_groups(3, first_group=10, n_groups=6):
        labels = [frame.label for frame in clip]
        assert len(clip) == CLIP_FRAMES
        assert len({frame.group for frame in clip}) == 1
        assert len({frame.rgb.shape for frame in clip}) == 1
        assert len(set(labels[:CLIP_STILL_FRAMES])) == len(set(labels[-CLIP_STILL_FRAMES:])) == 1
        assert labels[0] == OTHER or labels[0] != labels[-1]
        assert labels[len(labels) // 2] == OTHER
