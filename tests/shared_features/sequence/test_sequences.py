"""Clips of landmarks as arrays of fixed size."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_features.errors import FeatureSpecError, TrackError
from shared_features.landmarks.landmarks import LANDMARK_INDEX, LandmarkTrack
from shared_features.sequence.clips import clip_sequence, points_sequence
from shared_features.sequence.layout import (
    SEQUENCE_COLUMNS,
    SequenceSpec,
    landmarks_of,
    mirrored,
    valid_of,
    valid_share,
)
from shared_features.sequence.skeletons import SKELETONS, UIPRMD_22, skeleton_points

SPEC = SequenceSpec()
HIPS = [LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"]]
SHOULDERS = [LANDMARK_INDEX["LEFT_SHOULDER"], LANDMARK_INDEX["RIGHT_SHOULDER"]]


def moving(seed: int, frames: int = 40, width: int = 1280, height: int = 720) -> LandmarkTrack:
    """A body whose landmarks drift smoothly, seen surely, at 25 frames per second."""
    random = np.random.default_rng(seed)
    pts_s = np.arange(frames) / 25
    start, speed = random.uniform(0.2, 0.8, (33, 3)), random.normal(0, 0.1, (33, 3))
    image = np.ones((frames, 33, 5), dtype=np.float32)
    image[..., :3] = start + pts_s[:, None, None] * speed
    world = np.zeros((frames, 33, 3), dtype=np.float32)
    return LandmarkTrack("clip.mp4", width, height, pts_s, image, world)


def without_person(track: LandmarkTrack, frames: slice) -> LandmarkTrack:
    image = track.image.copy()
    image[frames] = np.nan
    return replace(track, image=image)


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 60), st.integers(2, 40), st.booleans(), st.floats(0, 1))
def test_a_sequence_is_finite_and_of_the_asked_shape(
    seed: int, frames: int, steps: int, rotate: bool, missing: float
) -> None:
    """Whatever the length of the clip and the share of frames without a person."""
    track = moving(seed, frames)
    gone = np.random.default_rng(seed).random(frames) < missing
    image = track.image.copy()
    image[gone] = np.nan
    spec = SequenceSpec(steps, rotate)
    sequence = clip_sequence(replace(track, image=image), spec)
    assert sequence.shape == spec.shape == (steps, SEQUENCE_COLUMNS)
    assert sequence.dtype == np.float32
    assert np.isfinite(sequence).all()
    assert set(valid_of(sequence)) <= {0.0, 1.0}
    if gone.all():
        assert not sequence.any()


@given(seeds)
def test_the_hips_are_the_centre_and_the_torso_is_the_unit(seed: int) -> None:
    """In every step; the median torso of the clip is 1 long."""
    landmarks = landmarks_of(clip_sequence(moving(seed), SPEC))[..., :3]
    hips, shoulders = landmarks[:, HIPS].mean(axis=1), landmarks[:, SHOULDERS].mean(axis=1)
    np.testing.assert_allclose(hips, 0, atol=1e-5)
    torso = np.linalg.norm(shoulders - hips, axis=1)
    assert np.median(torso) == pytest.approx(1, abs=1e-4)


@given(seeds, st.floats(0.3, 3), st.floats(-1, 1), st.floats(0, 1000))
def test_place_size_and_time_of_the_recording_do_not_matter(
    seed: int, size: float, shift: float, later: float
) -> None:
    """A body that is larger, elsewhere or filmed later gives the same sequence."""
    track = moving(seed)
    image = track.image.copy()
    image[..., :3] = image[..., :3] * size + [shift, -shift, 0]
    other = replace(track, image=image.astype(np.float32), pts_s=track.pts_s + later)
    first, second = clip_sequence(track, SPEC), clip_sequence(other, SPEC)
    np.testing.assert_allclose(first, second, atol=2e-3)


@given(seeds, st.floats(-np.pi, np.pi))
def test_only_a_rotated_sequence_forgets_which_way_is_down(seed: int, angle: float) -> None:
    """Turning the picture changes nothing when the body is turned upright."""
    track = moving(seed, width=720)
    x, y = track.image[..., 0], track.image[..., 1]
    image = track.image.copy()
    image[..., 0] = x * np.cos(angle) - y * np.sin(angle)
    image[..., 1] = x * np.sin(angle) + y * np.cos(angle)
    turned, spec = replace(track, image=image), SequenceSpec(rotate=True)
    upright = clip_sequence(track, spec)
    shoulders = landmarks_of(upright)[:, SHOULDERS].mean(axis=(0, 1))
    if np.hypot(*(shoulders[:2])) > 0.2:  # a torso that points at the camera has no direction
        np.testing.assert_allclose(clip_sequence(turned, spec), upright, atol=2e-2)
        assert shoulders[1] < 0


@given(seeds, st.integers(1, 15), st.integers(1, 15))
def test_a_gap_is_interpolated_and_said(seed: int, start: int, length: int) -> None:
    """A steady movement reads the same across it, and the flags of its steps are 0."""
    track = moving(seed)
    gap = without_person(track, slice(start, start + length))
    whole, patched = clip_sequence(track, SPEC), clip_sequence(gap, SPEC)
    np.testing.assert_allclose(patched[:, :-1], whole[:, :-1], atol=1e-3)
    assert valid_share(whole) == 1
    times = np.linspace(0, track.pts_s[-1], SPEC.num_frames)
    inside = (times > track.pts_s[start] + 1e-9) & (times < track.pts_s[start + length - 1] - 1e-9)
    assert not valid_of(patched)[inside].any()


@given(seeds)
def test_mirroring_before_or_after_is_the_same(seed: int) -> None:
    """A mirrored track gives the mirrored sequence."""
    track = moving(seed)
    np.testing.assert_allclose(
        clip_sequence(track.mirrored(), SPEC), mirrored(clip_sequence(track, SPEC)), atol=2e-3
    )
    sequence = clip_sequence(track, SPEC)
    assert np.array_equal(mirrored(mirrored(sequence)), sequence)


def test_the_shoulders_take_over_where_the_hips_are_unsure() -> None:
    """The body stays where it was; without sure hips in any frame, the shoulders are the centre."""
    track = moving(3)
    still = np.repeat(track.image[:1], len(track), axis=0)
    some, none = still.copy(), still.copy()
    some[10:20, HIPS, 3] = 0.1
    some[10:20, HIPS, :2] = 0.9  # a guess far away
    none[:, HIPS, 3] = 0.1
    known, patched = (
        landmarks_of(clip_sequence(replace(track, image=image), SPEC)) for image in (still, some)
    )
    np.testing.assert_allclose(patched[:, SHOULDERS], known[:, SHOULDERS], atol=1e-3)
    centre = landmarks_of(clip_sequence(replace(track, image=none), SPEC))[:, SHOULDERS, :3]
    np.testing.assert_allclose(centre.mean(axis=1), 0, atol=1e-5)


def test_a_clip_is_the_frames_between_two_times() -> None:
    """Frames outside it have no influence, to the bit."""
    track = moving(5, frames=100)
    clip = clip_sequence(track, SPEC, 1.0, 2.0)
    outside = without_person(track, slice(0, 25))
    outside = without_person(outside, slice(51, 100))
    assert np.array_equal(clip, clip_sequence(outside, SPEC, 1.0, 2.0))
    with pytest.raises(TrackError, match=r"no frame from 9.00 to 10.00 s; it has 0.00 to 3.96 s"):
        clip_sequence(track, SPEC, 9, 10)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_other_skeletons_become_landmarks(skeleton: object) -> None:
    """Joints they have are where they were, the others are unseen."""
    assert hasattr(skeleton, "joints")
    random = np.random.default_rng(1)
    positions = random.normal(size=(20, skeleton.joint_count, 3))
    points = skeleton_points(positions, skeleton)
    named = [LANDMARK_INDEX[name] for name in skeleton.joints]
    assert np.isnan(np.delete(points, named, axis=1)).all()
    assert not np.isnan(points[:, named]).any()
    sequence = landmarks_of(points_sequence(np.arange(20) / 30, points, SPEC))
    assert not np.delete(sequence, named, axis=1).any()
    assert (sequence[:, named, 3] == 1).all()


def test_what_is_no_clip_is_refused() -> None:
    """Wrong shapes and times that stand still are named."""
    points = np.zeros((3, 33, 4))
    with pytest.raises(TrackError, match="times must be finite and rise"):
        points_sequence(np.zeros(3), points, SPEC)
    with pytest.raises(TrackError, match=r"shape \(3, 33, 4\)"):
        points_sequence(np.arange(2.0), points, SPEC)
    with pytest.raises(TrackError, match=r"expected\s+\(frames, 22, 2 or 3\)"):
        skeleton_points(np.zeros((3, 17, 3)), UIPRMD_22)


def test_a_spec_reads_back_and_refuses_another_version() -> None:
    """A model made for other arrays is rejected rather than misused."""
    spec = SequenceSpec(24, rotate=True)
    assert SequenceSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(FeatureSpecError, match="Use the program that trained"):
        SequenceSpec.from_dict({**spec.to_dict(), "hash": "0"})
    with pytest.raises(FeatureSpecError, match="at least 2"):
        SequenceSpec(1)
