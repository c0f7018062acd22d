"""Reads the body of ``POST /landmarks``, frame by frame.

A thousand frames have a quarter of a million numbers. Neither JSON nor pydantic lets another thread
run while it reads, so one call for all of it would hold up every other request for a fifth of a
second. Frame by frame, the interpreter switches threads in between, and the numbers of a frame are
freed before the next one is read.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from serving.errors import UploadError
from serving.http.schemas import FrameSize, LandmarkFrameIn, landmarks_problem
from shared_features.landmarks.landmarks import (
    LANDMARK_COUNT,
    FloatArray,
    LandmarkTrack,
    empty_landmarks,
)

# Structural characters in the JSON of one frame: image and world coordinates, and a time.
_MOST_PER_FRAME = {b"{": 1, b"[": 2 + 2 * LANDMARK_COUNT, b":": 3, b",": 8 * LANDMARK_COUNT}
_FRAMES = "frames"
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class GivenLandmarks:
    """Landmarks computed by a client.

    Attributes:
        track: The landmarks; NaN where none were sent. The times are 0 if none were sent.
        timed: Whether the frames have times.
    """

    track: LandmarkTrack
    timed: bool


def read_landmarks(body: bytes, max_frames: int) -> GivenLandmarks:
    """Read a body described by ``LandmarksIn``. Takes a while: call it off the event loop.

    Args:
        body: The JSON text.
        max_frames: Maximum number of frames.

    Raises:
        RequestValidationError: The body does not match its description.
        UploadError: It has too many frames.
    """
    if _has_more_parts_than(2 * max_frames, body):
        raise UploadError(
            422,
            f"The body has far more parts than {max_frames} frames of landmarks, the limit "
            "(`serving.max_landmark_frames` in params.yaml). Check its format, and send long "
            "recordings in parts.",
        )
    frames = _Frames(max_frames)
    try:
        others = _Json(body.decode("utf-8")).members(_FRAMES, frames.take)
    # Also: numbers of thousands of digits, and lists in lists in lists.
    except (ValueError, RecursionError) as error:
        raise _invalid("json_invalid", f"Invalid JSON: {error}") from error
    if _FRAMES in others:
        raise _invalid("list_type", "Give a list of frames", _FRAMES)
    try:
        size = FrameSize.model_validate(others)
    except ValidationError as error:
        raise _invalid_part(error) from error
    problem = landmarks_problem(frames.pts_s)
    if problem is not None:
        raise _invalid("value_error", problem, _FRAMES)
    return GivenLandmarks(frames.track(size), frames.pts_s[0] is not None)


def _has_more_parts_than(frames: int, body: bytes) -> bool:
    """Whether a JSON body has more parts than a valid one with so many frames.

    What is not a list of frames is parsed in one go, and keeps every other thread waiting, for
    seconds if 16 MiB are made of tiny parts; counting is quick.
    """
    return any(body.count(part) > (frames + 1) * most for part, most in _MOST_PER_FRAME.items())


@dataclass
class _Frames:
    """The frames read so far."""

    max_frames: int
    pts_s: list[float | None] = field(default_factory=list)
    _image: list[FloatArray] = field(default_factory=list)
    _world: list[FloatArray] = field(default_factory=list)

    def take(self, value: object) -> None:
        if len(self.pts_s) == self.max_frames:
            raise UploadError(
                413,
                f"More than {self.max_frames} frames were sent, the limit "
                "(`serving.max_landmark_frames` in params.yaml). Send them in parts.",
            )
        try:
            frame = LandmarkFrameIn.model_validate(value)
        except ValidationError as error:
            raise _invalid_part(error, _FRAMES, len(self.pts_s)) from error
        image, world = empty_landmarks(1)
        if frame.image is not None:
            for point, values in enumerate(frame.image):
                image[0, point, : len(values)] = values
            if frame.world is not None:
                world[0] = frame.world
        self.pts_s.append(frame.pts_s)
        self._image.append(image)
        self._world.append(world)

    def track(self, size: FrameSize) -> LandmarkTrack:
        image, world = np.concatenate(self._image), np.concatenate(self._world)
        pts_s = np.array([time_s or 0.0 for time_s in self.pts_s])
        return LandmarkTrack("landmarks", size.width, size.height, pts_s, image, world)


class _Json:
    """A position in a JSON text."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def members(self, streamed: str, take: Callable[[object], None]) -> dict[str, Any]:
        """Read the text's object; the items of the member ``streamed`` go to ``take`` one by one.

        Returns:
            The other members.
        """
        others: dict[str, Any] = {}
        seen = False
        self._require("{")
        for _ in self._until("}"):
            name = self._value()
            if not isinstance(name, str):
                raise self._wrong("the name of a member")
            self._require(":")
            if name != streamed or not self._take("["):
                others[name] = self._value()
                continue
            if seen:
                raise ValueError(f"{streamed!r} is given twice")
            seen = True
            for _ in self._until("]"):
                take(self._value())
        self._skip_space()
        if self._at < len(self._text):
            raise self._wrong("the end")
        return others

    def _until(self, end: str) -> Iterator[None]:
        """Stop at each item of a list or object, up to and including its end."""
        if self._take(end):
            return
        yield
        while not self._take(end):
            self._require(",")
            yield

    def _value(self) -> Any:
        self._skip_space()
        value, self._at = _DECODER.raw_decode(self._text, self._at)
        return value

    def _take(self, character: str) -> bool:
        self._skip_space()
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _require(self, character: str) -> None:
        if not self._take(character):
            raise self._wrong(repr(character))

    def _skip_space(self) -> None:
        space = _SPACE.match(self._text, self._at)
        assert space is not None  # noqa: S101 - for the type checker: it matches nothing as well
        self._at = space.end()

    def _wrong(self, expected: str) -> ValueError:
        return json.JSONDecodeError(f"Expecting {expected}", self._text, self._at)


def _invalid(kind: str, message: str, *where: str | int) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": where, "msg": message}])


def _invalid_part(error: ValidationError, *where: str | int) -> RequestValidationError:
    found = error.errors(include_input=False, include_context=False)
    return RequestValidationError([each | {"loc": (*where, *each["loc"])} for each in found])
