"""The pose that a posture is follows from its joint angles alone, wherever the move comes from."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_features.params import PROJECT_ROOT
from training.synthetic.figure.posture import Leg, Posture
from training.synthetic.performance import choreography, posture_at
from training.synthetic.poses.geometry import TOLERANCE_DEG, label_of
from training.synthetic.poses.near_misses import NEAR_MISSES
from training.synthetic.poses.straps_poses import STRAPS_VARIANTS
from training.synthetic.poses.table import (
    LABELS,
    OTHER,
    VARIANTS,
    on_the_way,
    random_hang,
    random_posture,
    variant_named,
)
from training.synthetic.poses.variants import Variant, draw_posture

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.sampled_from(LABELS))
def test_a_posture_drawn_for_a_label_has_its_geometry(seed: int, label: str) -> None:
    """No posture of one label fits another, and its mirror image has the same label."""
    posture = random_posture(np.random.default_rng(seed), label)
    assert label_of(posture) == label
    assert label_of(posture.mirrored()) == label


@given(SEEDS)
def test_other_postures_on_the_straps_are_none_of_the_six(seed: int) -> None:
    """They hang from the straps, but reach no pose."""
    posture = random_hang(np.random.default_rng(seed))
    assert any(posture.holds)
    assert label_of(posture) == OTHER


@pytest.mark.parametrize("variant", NEAR_MISSES, ids=lambda variant: variant.name)
def test_a_near_miss_is_clear_of_every_pose(variant: Variant) -> None:
    """Even with twice the tolerance, few of its postures are one of the six."""
    rng = np.random.default_rng(3)
    labels = [label_of(draw_posture(rng, variant), 2 * TOLERANCE_DEG) for _ in range(40)]
    assert labels.count(OTHER) >= 26


@pytest.mark.parametrize("label", LABELS[:-1])
def test_a_pose_ends_where_a_joint_leaves_its_range(label: str) -> None:
    """Bending both hips or straightening them by a right angle makes it something else."""
    for seed in range(20):
        posture = random_posture(np.random.default_rng(seed), label)
        for change in (-90.0, 90.0):
            legs = {
                name: _bent(getattr(posture, name), change) for name in ("left_leg", "right_leg")
            }
            assert label_of(replace(posture, **legs)) != label


def _bent(leg: Leg, change_deg: float) -> Leg:
    return replace(leg, flexion_deg=leg.flexion_deg + change_deg, knee_deg=150.0)


@given(SEEDS, SEEDS, st.sampled_from(LABELS[:-1]))
def test_a_move_begins_and_ends_with_the_labels_of_its_ends(
    first: int, second: int, label: str
) -> None:
    """The way between them does not matter: forwards and backwards have the same labels."""
    start = random_hang(np.random.default_rng(first))
    end = random_posture(np.random.default_rng(second), label)
    assert on_the_way(start, end, 0.0) == (start, OTHER)
    assert on_the_way(start, end, 1.0) == (end, label)
    there, back = on_the_way(start, end, 0.8)[1], on_the_way(end, start, 0.2)[1]
    assert there == back


def test_holds_of_a_routine_begin_shortly_before_the_performer_is_still() -> None:
    """The pose is reached within the last part of the move into it, and kept to its end."""
    for seed in range(6):
        holds = choreography(np.random.default_rng(seed))
        for hold in (hold for hold in holds if hold.label != OTHER):
            still_s = hold.start_s + hold.move_s
            assert posture_at(holds, hold.start_s)[1] != hold.label
            assert posture_at(holds, still_s - 0.02)[1] == hold.label
            assert posture_at(holds, still_s + hold.hold_s - 0.01)[1] == hold.label


def test_each_pose_and_each_near_miss_has_a_sentence() -> None:
    """A coach can read what is meant, and correct it."""
    for variant in (*STRAPS_VARIANTS, *NEAR_MISSES):
        assert variant.description.endswith("."), variant.name
        assert len(variant.description.split()) >= 5, variant.name


def test_a_dead_hang_is_no_l_hang_and_a_straight_body_no_nutcracker() -> None:
    """What each near miss lacks is a matter of a few joints."""
    rng = np.random.default_rng(0)
    hang = draw_posture(rng, variant_named("l-hang"))
    assert label_of(hang) == "l-hang"
    assert label_of(replace(hang, left_leg=Leg(), right_leg=Leg())) == OTHER
    folded = draw_posture(rng, variant_named("nutcracker"))
    assert label_of(folded) == "nutcracker"
    assert label_of(replace(folded, left_leg=Leg(), right_leg=Leg())) == OTHER
    assert label_of(Posture()) == OTHER


def test_the_guide_to_the_poses_has_every_sentence() -> None:
    """What a coach reads in docs/poses.md is what the table says."""
    guide = (PROJECT_ROOT / "docs" / "poses.md").read_text(encoding="utf-8")
    for variant in VARIANTS:
        assert variant.description in guide, variant.name
    assert f"give or take {TOLERANCE_DEG:.0f}°" in guide
