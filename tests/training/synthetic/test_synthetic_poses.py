"""Each label's geometry: what a straps artist would check, over many random performers."""

from collections.abc import Iterator

import numpy as np
import pytest

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from training.synthetic.figure.body import Body, Points, landmarks_m
from training.synthetic.poses.table import LABELS, OTHER, VARIANTS, Posture, random_posture

N_POSTURES = 60
UP = np.array([0.0, 1.0, 0.0])
At = dict[str, Points]


def performers(label: str) -> Iterator[tuple[At, Posture]]:
    """Landmarks by name and the posture, for many seeds."""
    for seed in range(N_POSTURES):
        rng = np.random.default_rng(seed)
        posture = random_posture(rng, label)
        points = landmarks_m(Body.random(rng), posture)
        at: At = {name: points[row] for name, row in LANDMARK_INDEX.items()}
        for part in ("SHOULDER", "HIP", "WRIST", "KNEE", "ANKLE", "EAR"):
            at[part] = (at[f"LEFT_{part}"] + at[f"RIGHT_{part}"]) / 2
        yield at, posture


def chest(at: At) -> Points:
    """Unit vector the chest faces."""
    normal = np.cross(at["LEFT_SHOULDER"] - at["RIGHT_SHOULDER"], at["SHOULDER"] - at["HIP"])
    unit: Points = normal / np.linalg.norm(normal)
    return unit


def elevation_deg(vector: Points) -> float:
    """Angle of a vector above the horizontal."""
    return float(np.degrees(np.arcsin(vector[1] / np.linalg.norm(vector))))


def test_front_levers_lie_face_up_under_their_hands() -> None:
    """Trunk level, chest up, hands above the shoulders on straight arms."""
    for at, posture in performers("front lever"):
        assert abs(elevation_deg(at["SHOULDER"] - at["HIP"])) < 30
        assert chest(at) @ UP > 0.8
        assert at["WRIST"][1] > at["SHOULDER"][1] + 0.2
        assert posture.holds == (True, True)


def test_back_levers_lie_face_down_with_arms_behind_the_back() -> None:
    """Trunk level, chest down, hands higher than the hips and on the back's side."""
    for at, posture in performers("back lever"):
        assert abs(elevation_deg(at["SHOULDER"] - at["HIP"])) < 30
        assert chest(at) @ UP < -0.8
        assert at["WRIST"][1] > max(at["HIP"][1], at["SHOULDER"][1])
        assert (at["WRIST"] - at["SHOULDER"]) @ chest(at) < -0.1
        assert posture.holds == (True, True)


def test_l_hangs_have_an_upright_trunk_and_level_legs() -> None:
    """Hands overhead, trunk vertical, thighs and shins horizontal in front."""
    for at, _ in performers("l-hang"):
        assert elevation_deg(at["SHOULDER"] - at["HIP"]) > 65
        assert abs(elevation_deg(at["KNEE"] - at["HIP"])) < 35
        assert (at["ANKLE"] - at["HIP"]) @ chest(at) > 0.4
        assert at["WRIST"][1] > at["EAR"][1]


def test_nutcrackers_are_upside_down_with_the_shins_at_the_face() -> None:
    """Hips above shoulders, hands above shoulders, knees straight, ankles near the head."""
    for at, posture in performers("nutcracker"):
        assert at["HIP"][1] > at["SHOULDER"][1] + 0.2
        assert at["WRIST"][1] > at["SHOULDER"][1] + 0.3
        assert posture.left_leg.knee_deg < 20
        middle_of_shin = (at["KNEE"] + at["ANKLE"]) / 2
        assert np.linalg.norm(middle_of_shin - at["EAR"]) < 0.6


@pytest.mark.parametrize(
    ("label", "towards_hanging_arm"), [("meathook", True), ("reverse meathook", False)]
)
def test_meathooks_hang_from_one_arm_with_the_legs_on_their_side(
    label: str, towards_hanging_arm: bool
) -> None:
    """One hand above, hips above shoulders, legs towards the hanging arm or away from it."""
    for at, posture in performers(label):
        assert sorted(posture.holds) == [False, True]
        hanging, free = ("LEFT", "RIGHT") if posture.left_holds else ("RIGHT", "LEFT")
        assert elevation_deg(at[f"{hanging}_WRIST"] - at[f"{hanging}_SHOULDER"]) > 60
        assert at["HIP"][1] > at["SHOULDER"][1]
        across = at[f"{hanging}_SHOULDER"] - at[f"{free}_SHOULDER"]
        legs = (at["KNEE"] - at["SHOULDER"]) @ across
        assert (legs > 0) == towards_hanging_arm


def test_every_label_has_variants_and_every_variant_a_name_of_its_own() -> None:
    """The table is complete and unambiguous."""
    assert {variant.label for variant in VARIANTS} == set(LABELS)
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert sum(variant.label == OTHER for variant in VARIANTS) > 60


def test_one_arm_poses_hang_from_either_arm_equally_often() -> None:
    """Left and right are mirrored, not favoured."""
    left = [posture.left_holds for _, posture in performers("meathook")]
    assert 0.25 < np.mean(left) < 0.75


def test_an_unknown_label_is_refused_by_name() -> None:
    """The message names what was given and what exists."""
    with pytest.raises(ValueError, match=r"'backlever'.*back lever"):
        random_posture(np.random.default_rng(0), "backlever")
