"""Two recordings of one routine in step, and the moments of one found in the other."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_features.alignment.alignment import align, align_poses
from shared_features.alignment.moments import find_moments
from shared_features.alignment.sequences import even_sequence, pose_sequence
from shared_features.errors import AlignmentError
from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from training.synthetic.routines import Performance, perform, random_routine

LEFT_OUT = 2


@pytest.fixture(scope="module")
def performances() -> dict[str, Performance]:
    """One routine twice, once more with a pose left out, and another routine."""
    rng = np.random.default_rng(12)
    routine, other = random_routine(rng, 5), random_routine(rng, 5)
    given = {"fps": 12.5}
    return {
        "reference": perform(routine, rng, **given),
        "target": perform(routine, rng, rests=1, **given),
        "shorter": perform(routine, rng, leave_out=LEFT_OUT, **given),
        "other": perform(other, rng, **given),
    }


def retimed(track: LandmarkTrack, seed: int) -> tuple[LandmarkTrack, np.ndarray]:
    """The track at 0.6 to 1.7 times its speed, and the new time of each of its frames."""
    rng = np.random.default_rng(seed)
    frames = len(track)
    speed = np.exp(np.interp(np.linspace(0, 3, frames), range(4), rng.uniform(-0.5, 0.5, 4)))
    new_s = np.concatenate([[0.0], np.cumsum(np.diff(track.pts_s) / speed[1:])])
    return replace(track, pts_s=new_s), new_s


def test_a_recording_is_in_step_with_itself(performances: dict[str, Performance]) -> None:
    """Every moment is its own, and the fit is as good as can be."""
    track = performances["reference"].track
    alignment = align_poses(track, track)
    np.testing.assert_allclose(alignment.target_s, alignment.reference_s, atol=1e-6)
    assert alignment.fit.kendall_tau == pytest.approx(1, abs=0.05)
    assert alignment.fit.distance < 0.01
    assert alignment.fit.same_routine
    assert not alignment.mirrored


@pytest.mark.parametrize("flipped", [False, True])
def test_a_retimed_recording_is_found_to_a_frame(
    performances: dict[str, Performance], flipped: bool
) -> None:
    """Whatever its speed, and flipped left to right or not."""
    reference = performances["reference"]
    target, new_s = retimed(reference.track, 3)
    alignment = align_poses(reference.track, target.mirrored() if flipped else target)
    expected_s = np.interp(reference.moments_s, reference.track.pts_s, new_s)
    errors_s = np.abs(alignment.at(reference.moments_s) - expected_s)
    assert np.median(errors_s) <= 0.04
    assert alignment.mirrored == flipped


@settings(max_examples=10)
@given(
    seed=st.integers(0, 1000),
    lengths=st.tuples(st.integers(20, 400), st.integers(20, 400)),
)
def test_time_never_runs_backwards(seed: int, lengths: tuple[int, int]) -> None:
    """Nor does the map leave the target, whatever the two recordings contain."""
    rng = np.random.default_rng(seed)
    one, two = (
        even_sequence("noise", np.arange(n) / 25, rng.normal(size=(n, 3)).cumsum(axis=0))
        for n in lengths
    )
    alignment = align(one, two)
    found = alignment.target_s[np.isfinite(alignment.target_s)]
    assert len(found)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= two.duration_s
    assert -1 <= alignment.fit.kendall_tau <= 1


def test_moments_of_another_performer_are_found(performances: dict[str, Performance]) -> None:
    """Another body, camera and tempo, and a rest: most moments to a quarter of a second."""
    reference, target = performances["reference"], performances["target"]
    moments = find_moments(align_poses(reference.track, target.track), reference.moments_s)
    found = [moment.target_s for moment in moments]
    assert all(time_s is not None for time_s in found)
    assert np.median(np.abs(np.array(found, float) - target.moments_s)) <= 0.25
    assert all(0.5 <= moment.confidence <= 1 for moment in moments)


def test_a_pose_that_is_left_out_is_not_found(performances: dict[str, Performance]) -> None:
    """The reason is given, and no time is made up."""
    reference, shorter = performances["reference"], performances["shorter"]
    moments = find_moments(align_poses(reference.track, shorter.track), reference.moments_s)
    assert moments[LEFT_OUT].target_s is None
    assert moments[LEFT_OUT].reason == "left out"
    assert sum(moment.target_s is not None for moment in moments) >= 3


def test_another_routine_is_refused(performances: dict[str, Performance]) -> None:
    """A path through two recordings exists whatever they show; it is not taken for an answer."""
    reference, other = performances["reference"], performances["other"]
    alignment = align_poses(reference.track, other.track)
    assert not alignment.fit.same_routine
    moments = find_moments(alignment, reference.moments_s)
    assert {moment.reason for moment in moments} == {"another routine"}


def test_a_moment_without_a_person_is_not_known(performances: dict[str, Performance]) -> None:
    """A gap in the tracking is no evidence, for or against."""
    reference, target = performances["reference"].track, performances["target"].track
    moment_s = float(performances["reference"].moments_s[1])
    image, world = reference.image.copy(), reference.world.copy()
    gone = np.abs(reference.pts_s - moment_s) < 1.2
    image[gone], world[gone] = np.nan, np.nan
    holed = replace(reference, image=image, world=world)
    (moment,) = find_moments(align_poses(holed, target), [moment_s])
    assert moment.reason == "not known"


def test_a_recording_without_a_person_cannot_be_compared() -> None:
    """The message says which, and what to do."""
    track = LandmarkTrack("empty.mp4", 640, 480, np.arange(50) / 25, *empty_landmarks(50))
    with pytest.raises(AlignmentError, match=r"No person was found in empty\.mp4.*`frame`"):
        pose_sequence(track)


def test_a_very_short_recording_cannot_be_compared(
    performances: dict[str, Performance],
) -> None:
    """A few frames have no course of time."""
    track = performances["reference"].track
    short = replace(track, pts_s=track.pts_s[:4], image=track.image[:4], world=track.world[:4])
    with pytest.raises(AlignmentError, match=r"lasts 0\.24 s"):
        pose_sequence(short)
