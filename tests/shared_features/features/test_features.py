"""The invariants of the feature groups."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.errors import FeatureSpecError
from shared_features.features import angles, body, spatial, torso
from shared_features.features.points import point_array
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import (
    DERIVED_POINTS,
    LANDMARK_INDEX,
    LandmarkTrack,
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
    """Translation and uniform scaling change no angle."""
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
        sideways |= name.startswith("torso") and name.endswith("_across")
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


def test_no_person_is_a_row_of_nan() -> None:
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
    length = body.torso_length(point_array(image, None, 1.0))
    assert length[0] == pytest.approx(0.288, rel=1e-5)


def test_a_spec_survives_being_written_down() -> None:
    """A stored spec computes the same features."""
    spec = FeatureSpec(groups=("body", "angles"), spatial_margin=0.1)
    assert FeatureSpec.from_dict(spec.to_dict()) == spec
    assert FeatureSpec.from_dict(spec.to_dict()).columns == spec.columns
    described = spec.to_dict()
    assert (described["hash"], described["columns"]) == (spec.hash, list(spec.columns))


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
    assert FeatureSpec(**{margin: 0.5}).hash != SPEC.hash
    assert FeatureSpec(groups=("angles",)).hash != SPEC.hash


def point(points: NDArray[Any], name: str, aspect: float = 1.0) -> NDArray[np.float64]:
    """A landmark, or the middle of the two that make up a derived point; x times the aspect."""
    ends = DERIVED_POINTS.get(name, (name, name))
    middle = np.mean([points[:, LANDMARK_INDEX[end]] for end in ends], axis=0)
    return np.asarray(middle * np.array([aspect, 1.0, 1.0])[: middle.shape[1]], dtype=np.float64)


@given(landmarks(), ASPECTS)
def test_angles_are_those_of_the_dot_product(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """cos(angle) is the dot product of the two unit vectors, for every joint."""
    image = given_landmarks[0][..., :2].astype(np.float64)
    found = angles.joint_angles_deg(point_array(image, None, aspect))
    for column, (first, vertex, last) in enumerate(angles.ANGLES.values()):
        u = point(image, first, aspect) - point(image, vertex, aspect)
        v = point(image, last, aspect) - point(image, vertex, aspect)
        cosine = (u * v).sum(axis=1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
        assert np.allclose(np.cos(np.radians(found[:, column])), cosine, atol=1e-9)


@pytest.mark.parametrize("joined", ["LEFT_SHOULDER", "LEFT_WRIST"])
def test_an_angle_needs_both_of_its_limbs(joined: str) -> None:
    """One limb without length is enough to have no angle."""
    random = np.random.default_rng(3)
    image = random.uniform(0.1, 0.9, (4, 33, 2))
    image[1, LANDMARK_INDEX[joined]] = image[1, LANDMARK_INDEX["LEFT_ELBOW"]]
    elbow = angles.joint_angles_deg(point_array(image, None, 1.5))[:, 0]
    assert np.isnan(elbow).tolist() == [False, True, False, False]


@given(landmarks(), ASPECTS)
def test_directions_of_chest_and_face_are_those_of_their_definitions(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """The chest normal is a unit cross product; the face vector leads from the ears to the nose."""
    image, world = (part.astype(np.float64) for part in given_landmarks)
    found = dict(zip(SPEC.columns, SPEC.compute(image, world, aspect).T, strict=True))
    shoulders = point(world, "LEFT_SHOULDER") - point(world, "RIGHT_SHOULDER")
    spine = point(world, "NECK") - point(world, "HIPS")
    normal = np.cross(shoulders, spine)
    face = point(world, "NOSE") - point(world, "HEAD")
    for i, axis in enumerate("xyz"):
        chest = normal[:, i] / np.linalg.norm(normal, axis=1)
        assert np.allclose(found[f"facing_chest_{axis}"], chest, atol=1e-6)
        unit = face[:, i] / np.linalg.norm(face, axis=1)
        assert np.allclose(found[f"facing_face_{axis}"], unit, atol=1e-6)


@given(landmarks(), ASPECTS)
def test_facing_in_the_image_is_in_torso_lengths(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """A signed area and a vector, as seen in the image."""
    image, world = (part.astype(np.float64) for part in given_landmarks)
    image = image[..., :2]
    found = dict(zip(SPEC.columns, SPEC.compute(image, world, aspect).T, strict=True))
    torso = body.torso_length(point_array(image, None, aspect))
    shoulders = point(image, "LEFT_SHOULDER", aspect) - point(image, "RIGHT_SHOULDER", aspect)
    spine = point(image, "NECK", aspect) - point(image, "HIPS", aspect)
    area = shoulders[:, 1] * spine[:, 0] - shoulders[:, 0] * spine[:, 1]
    assert np.allclose(found["facing_image_chest"], area / torso**2, rtol=1e-5)
    face = (point(image, "NOSE", aspect) - point(image, "HEAD", aspect)) / torso[:, None]
    assert np.allclose(found["facing_image_face_x"], face[:, 0], atol=1e-6)
    assert np.allclose(found["facing_image_face_y"], face[:, 1], atol=1e-6)


@given(landmarks(), ASPECTS)
def test_positions_and_distances_are_in_torso_lengths(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """Relative to the hips; the torso of the world is measured in metres."""
    image, world = (part.astype(np.float64) for part in given_landmarks)
    image = image[..., :2]
    found = dict(zip(SPEC.columns, SPEC.compute(image, world, aspect).T, strict=True))
    torso = body.torso_length(point_array(image, None, aspect))[:, None]
    torso_m = np.linalg.norm(point(world, "NECK") - point(world, "HIPS"), axis=1)[:, None]
    for name in body.POSITIONS:
        in_image = (point(image, name, aspect) - point(image, "HIPS", aspect)) / torso
        in_world = (point(world, name) - point(world, "HIPS")) / torso_m
        for i, axis in enumerate("xy"):
            assert np.allclose(found[f"body_{name.lower()}_{axis}"], in_image[:, i], rtol=1e-4)
        for i, axis in enumerate("xyz"):
            assert np.allclose(
                found[f"body_world_{name.lower()}_{axis}"], in_world[:, i], rtol=1e-4, atol=1e-6
            )
    for a, b in body.DISTANCES:
        apart = np.linalg.norm(point(world, a) - point(world, b), axis=1) / torso_m[:, 0]
        assert np.allclose(found[f"body_distance_{a.lower()}_{b.lower()}"], apart, rtol=1e-4)


@given(landmarks(), ASPECTS)
def test_no_limb_is_longer_than_the_torso_allows(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], aspect: float
) -> None:
    """The torso's length is the largest bound that any limb gives, and one limb reaches it."""
    image = given_landmarks[0][..., :2].astype(np.float64)
    torso = body.torso_length(point_array(image, None, aspect))
    bounds = [
        np.linalg.norm(point(image, a, aspect) - point(image, b, aspect), axis=1) / share
        for a, b, share in body._LIMBS
    ]
    assert np.allclose(torso, np.max(bounds, axis=0))


@pytest.mark.parametrize("higher_by", [0.25, -0.25])
def test_the_margin_itself_is_level(higher_by: float) -> None:
    """The band of "level" includes its edges."""
    spec = FeatureSpec(groups=("spatial",), spatial_margin=0.25)
    image = np.full((1, 33, 2), 0.5)
    image[0, LANDMARK_INDEX["LEFT_KNEE"], 1] -= higher_by
    features = dict(zip(spec.columns, spec.compute(image, None, 1.0)[0], strict=True))
    assert features["spatial_left_knee_hip"] == spatial.LEVEL


@pytest.mark.parametrize(("higher_by", "expected"), [(0.05, 1.0), (0.03, 0.0), (-0.05, -1.0)])
def test_head_and_shoulders_have_a_narrower_margin(higher_by: float, expected: float) -> None:
    """0.04 of the frame height, where other parts have 0.08."""
    image, _ = empty_landmarks(1)
    for name in ("LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP"):
        image[0, LANDMARK_INDEX[name], :2] = 0.5, 0.5
    for name in ("LEFT_EAR", "RIGHT_EAR"):
        image[0, LANDMARK_INDEX[name], :2] = 0.5, 0.5 - higher_by
    features = SPEC.compute(image, None, 1.0)
    assert features[0, SPEC.columns.index("spatial_head_shoulder")] == expected
    assert features[0, SPEC.columns.index("spatial_hip_shoulder")] == spatial.LEVEL


def test_a_margin_of_zero_leaves_only_equality_level() -> None:
    """Zero is a margin like any other."""
    spec = FeatureSpec(groups=("spatial",), spatial_margin=0.0, head_shoulder_margin=0.0)
    image = np.full((1, 33, 2), 0.5)
    image[0, LANDMARK_INDEX["LEFT_KNEE"], 1] -= 1e-6
    features = dict(zip(spec.columns, spec.compute(image, None, 1.0)[0], strict=True))
    assert features["spatial_left_knee_hip"] == spatial.ABOVE
    assert features["spatial_right_knee_hip"] == spatial.LEVEL
    assert features["spatial_head_shoulder"] == spatial.LEVEL


def test_a_track_has_the_features_of_its_landmarks() -> None:
    """In float32, computed with the track's own aspect ratio."""
    random = np.random.default_rng(7)
    image = random.uniform(0.1, 0.9, (5, 33, 5)).astype(np.float32)
    world = random.normal(size=(5, 33, 3)).astype(np.float32)
    track = LandmarkTrack("clip.mp4", 720, 1280, np.arange(5) / 25, image, world)
    found = SPEC.of_track(track)
    assert found.dtype == np.float32
    assert found.tobytes() == SPEC.compute(image, world, 720 / 1280).tobytes()


def test_all_problems_of_a_spec_are_named_at_once() -> None:
    """What was given, and what is known."""
    with pytest.raises(FeatureSpecError) as error:
        FeatureSpec(groups=("angles", "angles", "telepathy"), spatial_margin=-1, version=0)
    for part in ("['telepathy']", "repeated", "margins must be 0 or more", "version 0", "; "):
        assert part in str(error.value)
    with pytest.raises(FeatureSpecError, match=r"needs the keys .*'groups'.*got \['version'\]"):
        FeatureSpec.from_dict({"version": 1})
    with pytest.raises(FeatureSpecError) as mismatch:
        FeatureSpec.from_dict(SPEC.to_dict() | {"hash": "feed", "columns": ["a", "b"]})
    for part in ("hash feed and 2 columns", SPEC.hash, f"{len(SPEC.columns)} columns"):
        assert part in str(mismatch.value)


@given(landmarks(), st.floats(0, 360), ASPECTS)
def test_joints_in_the_torsos_axes_do_not_depend_on_the_side_a_camera_sees(
    given_landmarks: tuple[NDArray[Any], NDArray[Any]], turn_deg: float, aspect: float
) -> None:
    """Turning the performer about the vertical changes the camera's view, and none of them."""
    image, world = (part.astype(np.float64) for part in given_landmarks)
    turn = np.radians(turn_deg)
    about_vertical = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    before = torso.in_torso_axes(point_array(image, world, aspect))
    after = torso.in_torso_axes(point_array(image, world @ about_vertical.T, aspect))
    np.testing.assert_allclose(after, before, atol=1e-4, rtol=1e-4)


def test_the_torsos_axes_point_left_up_and_forwards() -> None:
    """A performer who faces the camera, the left hand out to the side, the nose in front."""
    _, world = empty_landmarks(1)
    for name, place in {
        "LEFT_SHOULDER": (0.2, -0.5, 0.0),
        "RIGHT_SHOULDER": (-0.2, -0.5, 0.0),
        "LEFT_HIP": (0.1, 0.0, 0.0),
        "RIGHT_HIP": (-0.1, 0.0, 0.0),
        "LEFT_WRIST": (0.7, -0.5, 0.0),
        "NOSE": (0.0, -0.75, -0.1),
    }.items():
        world[0, LANDMARK_INDEX[name]] = place
    image, _ = empty_landmarks(1)
    found = dict(
        zip(torso.COLUMNS, torso.in_torso_axes(point_array(image, world, 1.0))[0], strict=True)
    )
    assert found["torso_left_wrist_across"] == pytest.approx(1.4)
    assert found["torso_left_wrist_up"] == pytest.approx(0.0)
    assert found["torso_nose_up"] == pytest.approx(0.5)
    assert found["torso_nose_front"] == pytest.approx(0.2)
    assert found["torso_gravity_up"] == pytest.approx(-1.0)
    assert np.isnan(found["torso_left_knee_front"])
