"""A body of landmarks is read frame by frame, with the result of reading it in one go."""

import json
from typing import Any

import numpy as np
import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serving.errors import UploadError
from serving.http.bodies.landmarks import GivenLandmarks, read_landmarks
from serving.http.schemas import LandmarksIn, landmarks_problem

MOST = 5
POINTS = [[0.25, 0.5, 0.125], *[[0.5, 0.5]] * 32]
WORLD = [[0.25, -0.5, 1]] * 33

coordinates = st.one_of(st.floats(-1000, 1000), st.integers(-3, 3), st.sampled_from(["x", None]))
points = st.lists(st.lists(coordinates, min_size=1, max_size=5), min_size=32, max_size=34)
frames = st.fixed_dictionaries(
    {"image": st.one_of(st.just(POINTS), st.none(), points)},
    optional={
        "world": st.sampled_from([WORLD, None, WORLD[1:], 3]),
        "pts_s": st.one_of(st.floats(0, 9), st.just(None), st.just(10**400)),
        "\ud800": st.just(1),
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "width": st.sampled_from([1, 640, 640.0, "640", 0, None]),
        "height": st.sampled_from([480, True, -1]),
        "frames": st.one_of(st.lists(frames, max_size=3), st.just({}), st.just("x")),
        "more": st.just([{"frames": []}]),
    },
)


def read(body: Any) -> GivenLandmarks:
    return read_landmarks(json.dumps(body).encode(), MOST)


def in_one_go(body: Any) -> LandmarksIn | None:
    try:
        given = LandmarksIn.model_validate_json(json.dumps(body))
    except ValidationError:
        return None
    return None if landmarks_problem([frame.pts_s for frame in given.frames]) else given


@given(bodies)
def test_the_same_bodies_are_accepted_as_in_one_go(body: Any) -> None:
    """Those that match the model of the API's description, with the same numbers."""
    expected = in_one_go(body)
    if expected is None:
        with pytest.raises(RequestValidationError) as refused:
            read(body)
        assert all({"loc", "msg"} <= set(error) for error in refused.value.errors())
        return
    given = read(body)
    track = given.track
    assert (track.width, track.height) == (expected.width, expected.height)
    assert len(track) == len(expected.frames)
    for index, frame in enumerate(expected.frames):
        assert np.isnan(track.image[index]).all() == (frame.image is None)
        for point, values in enumerate(frame.image or []):
            found = track.image[index, point, : len(values)]
            assert found.tolist() == np.float32(values).tolist()
            assert np.isnan(track.image[index, point, len(values) :]).all()
        if given.timed:
            assert track.pts_s[index] == frame.pts_s


def frame_of(**changes: Any) -> dict[str, Any]:
    return {"image": None} | changes


@pytest.mark.parametrize(
    ("frames", "where"),
    [
        pytest.param([frame_of(), frame_of(image=POINTS[1:])], "frames.1.image", id="32 points"),
        pytest.param([frame_of(image=[[0.5, "x"]] * 33)], "frames.0.image.0.1", id="no number"),
        pytest.param([frame_of(), frame_of(pts_s=1)], "frames", id="half the times"),
        pytest.param([frame_of(pts_s=1), frame_of(pts_s=1)], "frames", id="times that stand still"),
        pytest.param({}, "frames", id="no list"),
        pytest.param([], "frames", id="no frames"),
    ],
)
def test_a_problem_says_where_it_is(frames: Any, where: str) -> None:
    """As the path of the wrong value."""
    with pytest.raises(RequestValidationError) as refused:
        read({"width": 1, "height": 1, "frames": frames})
    assert ".".join(map(str, refused.value.errors()[0]["loc"])) == where


def test_frames_beyond_the_limit_are_not_read() -> None:
    """What follows may be anything."""
    wrong = [{"image": None}] * MOST + [{"image": "x"}]
    with pytest.raises(UploadError, match="More than 5 frames") as refused:
        read({"frames": wrong, "width": 1, "height": 1})
    assert refused.value.status == 413


OBJECT = '{"width": 1, "height": 1, "frames": [{"image": null}]}'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OBJECT[:-1], id="no end"),
        pytest.param(OBJECT + "x", id="something after the end"),
        pytest.param(OBJECT.replace(", ", " "), id="no commas"),
        pytest.param(OBJECT.replace("]", ",]"), id="a comma too many"),
        pytest.param(OBJECT.replace('"width"', "1"), id="a number as a name"),
        pytest.param(OBJECT[:-1] + ', "frames": []}', id="frames twice"),
        pytest.param("[" * 300, id="lists in lists"),
        pytest.param(OBJECT.replace("1,", "9" * 5000 + ","), id="a number of 5,000 digits"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    """With a problem of its own, wherever the text goes wrong."""
    with pytest.raises(RequestValidationError, match="Invalid JSON"):
        read_landmarks(text.encode(), MOST)


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=3), st.lists, max_leaves=8))
def test_members_of_any_shape_are_passed_over(value: Any) -> None:
    """The frames are found wherever they stand among them, with any white space."""
    text = json.dumps({"before": value, "frames": [{"image": None}], "after": value}, indent="\t")
    with pytest.raises(RequestValidationError) as refused:
        read_landmarks(text.encode(), MOST)
    where = {error["loc"][0] for error in refused.value.errors()}
    assert where == {"before", "after", "width", "height"}
