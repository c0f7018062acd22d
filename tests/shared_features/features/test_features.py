"""The invariants of the four feature groups."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.errors import FeatureSpecError
from shared_features.features import angles, body, spatial
from shared_features.features.points import point_array
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import (
    LANDMARK_INDEX,
    empty_landmarks,
    mirror_image,
    mirror_world,
    opposite,
)
from tests.shared_features.bodies import landmarks

SPEC = FeatureSpec()
ASPECTS = st.floats(0.4, 2.5)
# Measured at one hip, so their mirror image is the angle at the other hip, which is no feature.
ONE_SIDED = ("spine_angle", "torso_angle")


def columns(features: NDArray[Any], *prefixes: str) -> NDArray[Any]:
    chosen = [i for i, name in enumerate(SPEC.columns) if name.startswith(prefixes)]
    return features[:, chosen]


def angle_columns(features: NDArray[Any]) -> NDArray[Any]:
    return features[:, [SPEC.columns.index(name) for name in angles.COLUMNS]]


@given(
    landmarks(),
    ASPECTS,
    st.floats(0.25, 4.0),
    st.floats(-3.0, 3.0),
    st.floats(-3.0, 3.0),
)
def test_angles_do_not_change_with_place_and_size(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]],
    aspect: float,
    scale: float,
    dx: float,
    dy: float,
) -> None:
    """Translation and uniform scale leave every angle as it is."""
    image = given_landmarks[0].astype(np.float64)
    moved = image.copy()
    moved[..., 0] = (image[..., 0] * aspect * scale + dx) / aspect
    moved[..., 1] = image[..., 1] * scale + dy
    before = angles.joint_angles_deg(point_array(image, None, aspect))
    after = angles.joint_angles_deg(point_array(moved, None, aspect))
    assert np.allclose(before, after, atol=1e-6)


@given(landmarks(), ASPECTS, ASPECTS)
def test_angles_do_not_change_with_the_aspect_ratio(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float, other_aspect: float
) -> None:
    """The same pixels in a wider or narrower frame give the same angles and positions."""
    image, world = given_landmarks[0].astype(np.float64), given_landmarks[1]
    in_other_frame = image.copy()
    in_other_frame[..., 0] *= aspect / other_aspect
    before = SPEC.compute(image, world, aspect)
    after = SPEC.compute(in_other_frame, world, other_aspect)
    assert np.allclose(before, after, atol=1e-3)


def test_a_right_angle_reads_90_degrees_in_every_frame() -> None:
    """Known truth: an elbow bent to a right angle, in pixels."""
    for width, height in ((1280, 720), (720, 1280), (640, 480)):
        image, _ = empty_landmarks(1)
        for name, x_px, y_px in (
            ("LEFT_SHOULDER", 100, 300),
            ("LEFT_ELBOW", 300, 300),
            ("LEFT_WRIST", 300, 100),
        ):
            image[0, LANDMARK_INDEX[name], :2] = x_px / width, y_px / height
        features = SPEC.compute(image, None, width / height)
        assert features[0, SPEC.columns.index("left_elbow_angle")] == pytest.approx(90, abs=1e-3)


@given(landmarks(), ASPECTS)
def test_mirroring_the_landmarks_mirrors_the_features(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """Left and right change places, and what points sideways points to the other side."""
    image, world = (part.astype(np.float64) for part in given_landmarks)
    features = SPEC.compute(image, world, aspect)
    mirrored = SPEC.compute(mirror_image(image), mirror_world(world), aspect)
    for i, name in enumerate(SPEC.columns):
        if name in ONE_SIDED:
            continue
        twin = opposite(name)
        if twin not in SPEC.columns:  # the distance between a left and a right joint
            twin = name
        sideways = name.startswith(("body", "facing")) and name.endswith("_x")
        expected = (
            -mirrored[:, SPEC.columns.index(twin)]
            if sideways
            else mirrored[:, SPEC.columns.index(twin)]
        )
        assert np.allclose(features[:, i], expected, atol=1e-3), name


@given(landmarks())
def test_mirroring_twice_changes_nothing(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]],
) -> None:
    """Mirroring is its own inverse."""
    image, world = given_landmarks
    assert np.allclose(mirror_image(mirror_image(image)), image, atol=1e-6)
    assert np.array_equal(mirror_world(mirror_world(world)), world)


@given(landmarks(), st.sets(st.integers(0, 32)), ASPECTS)
def test_missing_landmarks_give_nan_and_never_an_exception(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], missing: set[int], aspect: float
) -> None:
    """Features that do not need a missing landmark keep their value; the others are NaN."""
    image, world = given_landmarks
    holed_image, holed_world = image.copy(), world.copy()
    holed_image[:, list(missing)] = np.nan
    holed_world[:, list(missing)] = np.nan
    whole = SPEC.compute(image, world, aspect)
    holed = SPEC.compute(holed_image, holed_world, aspect)
    assert not np.isinf(holed).any()
    for name, points in angles.ANGLES.items():
        ends = {LANDMARK_INDEX[point] for point in points if point in LANDMARK_INDEX}
        if not ends & missing and not set(points) - set(LANDMARK_INDEX):
            i = SPEC.columns.index(name)
            assert np.array_equal(holed[:, i], whole[:, i])
        elif ends & missing:
            assert np.isnan(holed[:, SPEC.columns.index(name)]).all()


def test_nobody_is_a_row_of_nan() -> None:
    """A frame without a person has no features at all."""
    assert np.isnan(SPEC.compute(*empty_landmarks(4), 1.5)).all()


@pytest.mark.parametrize("value", [0.5, 0.0, 1e30], ids=["one point", "origin", "far away"])
def test_points_that_coincide_give_nan_and_not_infinity(value: float) -> None:
    """A body without extent has no angles, no directions and no torso length."""
    image = np.full((2, 33, 5), value, dtype=np.float32)
    features = SPEC.compute(image, np.zeros((2, 33, 3), dtype=np.float32), 1.0)
    assert np.isnan(angle_columns(features)).all()
    assert not np.isinf(features).any()


@given(landmarks(frames=40), ASPECTS)
def test_a_frame_has_the_same_bits_alone_and_among_others(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """Live, frame by frame, equals offline, all at once."""
    image, world = given_landmarks
    together = SPEC.compute(image, world, aspect)
    alone = [SPEC.compute(image[i : i + 1], world[i : i + 1], aspect) for i in range(len(image))]
    assert np.array_equal(together, np.concatenate(alone), equal_nan=True)


def test_each_frame_may_have_its_own_aspect_ratio() -> None:
    """Rows of different recordings can be computed together."""
    random = np.random.default_rng(5)
    image = random.random((3000, 33, 5)).astype(np.float32)
    world = random.normal(size=(3000, 33, 3)).astype(np.float32)
    aspects = random.uniform(0.5, 2.0, 3000)
    together = SPEC.compute(image, world, aspects)
    for i in (0, 1023, 1024, 2999):
        assert np.array_equal(
            together[i : i + 1], SPEC.compute(image[i : i + 1], world[i : i + 1], aspects[i])
        )


@pytest.mark.parametrize(
    ("higher_by", "word"),
    [(0.0801, "above"), (0.0799, "level"), (-0.0799, "level"), (-0.0801, "below")],
)
def test_relations_have_a_band_of_level(higher_by: float, word: str) -> None:
    """Above, level and below part at the margin."""
    image, _ = empty_landmarks(1)
    image[0, LANDMARK_INDEX["LEFT_HIP"], :2] = 0.5, 0.5
    image[0, LANDMARK_INDEX["LEFT_KNEE"], :2] = 0.5, 0.5 - higher_by
    features = SPEC.compute(image, None, 1.0)
    code = features[0, SPEC.columns.index("spatial_left_knee_hip")]
    assert spatial.to_words(np.array([code]))[0] == word
    unknown = features[0, SPEC.columns.index("spatial_right_knee_hip")]
    assert spatial.to_words(np.array([unknown]))[0] == ""


def test_the_chest_faces_the_way_it_does() -> None:
    """A person upright, facing the camera: chest towards the camera, in picture and world."""
    image, world = empty_landmarks(1)
    for name, x, y in (
        ("LEFT_SHOULDER", 0.6, 0.3),
        ("RIGHT_SHOULDER", 0.4, 0.3),
        ("LEFT_HIP", 0.55, 0.6),
        ("RIGHT_HIP", 0.45, 0.6),
    ):
        image[0, LANDMARK_INDEX[name], :2] = x, y
        world[0, LANDMARK_INDEX[name]] = x - 0.5, y - 0.6, 0.0
    features = dict(zip(SPEC.columns, SPEC.compute(image, world, 1.0)[0], strict=True))
    chest = [features[f"facing_chest_{axis}"] for axis in "xyz"]
    assert chest == pytest.approx([0, 0, -1], abs=1e-6)
    assert features["facing_image_chest"] > 0


def test_the_torso_has_its_length_also_when_it_points_at_the_camera() -> None:
    """A foreshortened torso is measured by the limbs that are not."""
    image, _ = empty_landmarks(1)
    for name, x, y in (
        ("LEFT_SHOULDER", 0.52, 0.5),
        ("RIGHT_SHOULDER", 0.48, 0.5),
        ("LEFT_HIP", 0.52, 0.5),
        ("RIGHT_HIP", 0.48, 0.5),
        ("LEFT_ELBOW", 0.52, 0.5 - 0.186),
    ):
        image[0, LANDMARK_INDEX[name], :2] = x, y
    torso = body.torso_length(point_array(image, None, 1.0))
    assert torso[0] == pytest.approx(0.288, rel=1e-5)


def test_a_spec_survives_being_written_down() -> None:
    """What the model file says is what is computed."""
    spec = FeatureSpec(groups=("body", "angles"), spatial_margin=0.1)
    assert FeatureSpec.from_dict(spec.to_dict()) == spec
    assert FeatureSpec.from_dict(spec.to_dict()).columns == spec.columns


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"groups": ["angles", "telepathy"]},
        {"groups": ["angles", "angles"]},
        {"spatial_margin": -1.0},
        {"hash": "0" * 16},
    ],
    ids=["version", "unknown group", "twice", "negative margin", "hash"],
)
def test_a_spec_that_cannot_be_reproduced_is_refused(change: dict[str, Any]) -> None:
    """A description of other features is not computed by these formulas."""
    with pytest.raises(FeatureSpecError):
        FeatureSpec.from_dict(SPEC.to_dict() | change)


@pytest.mark.parametrize("margin", ["spatial_margin", "head_shoulder_margin"])
def test_every_setting_changes_the_hash(margin: str) -> None:
    """Two specs with one hash compute the same."""
    assert FeatureSpec(**{margin: 0.5}).hash != SPEC.hash  # type: ignore[arg-type]
    assert FeatureSpec(groups=("angles",)).hash != SPEC.hash
