"""The C interface that we call is the one that the installed MediaPipe has."""

import ctypes
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared_features.params import PROJECT_ROOT
from shared_features.pose.network import mediapipe_c
from shared_features.pose.network.mediapipe_c import MediaPipeError

VERSION = importlib.metadata.version("mediapipe")


@pytest.fixture
def fresh() -> Iterator[None]:
    """Loads the library again in this test and after it."""
    mediapipe_c.load.cache_clear()
    yield
    mediapipe_c.load.cache_clear()


def layout(structure: Any) -> list[tuple[str, int, int]]:
    """Name, offset and size of every field; the parts of nested structures one by one."""
    fields = []
    for name, kind, *_ in structure._fields_:
        place = getattr(structure, name)
        if issubclass(kind, ctypes.Structure):
            fields += [(part, place.offset + at, size) for part, at, size in layout(kind)]
        else:
            fields.append((name, place.offset, place.size))
    return fields


def test_the_installed_version_was_tried() -> None:
    """Another version needs a trial before it is installed."""
    assert VERSION in mediapipe_c.TRIED_VERSIONS, (
        f"mediapipe {VERSION} is installed, but its C interface was only tried with "
        f"{mediapipe_c.TRIED_VERSIONS}. Compare its structures with those of mediapipe_c.py, add "
        "it there, and run the tests of this folder."
    )


def test_the_structures_are_those_of_mediapipes_own_package() -> None:
    """MediaPipe's Python layer describes the same memory for itself."""
    from mediapipe.tasks.python.components.containers import landmark_c
    from mediapipe.tasks.python.vision import pose_landmarker

    pairs = [
        (mediapipe_c.Options, pose_landmarker.MpPoseLandmarkerOptionsC),
        (mediapipe_c.Result, pose_landmarker.MpPoseLandmarkerResultC),
        (mediapipe_c.Landmarks, landmark_c.MpNormalizedLandmarksC),
        (mediapipe_c.Landmarks, landmark_c.MpLandmarksC),
        (mediapipe_c.Landmark, landmark_c.MpNormalizedLandmarkC),
        (mediapipe_c.Landmark, landmark_c.MpLandmarkC),
    ]
    for ours, theirs in pairs:
        assert layout(ours) == layout(theirs), (
            f"{theirs.__name__} of mediapipe {VERSION} has other fields than {ours.__name__} in "
            "mediapipe_c.py: landmarks or options would be misread. Change mediapipe_c.py."
        )
        assert ctypes.sizeof(ours) == ctypes.sizeof(theirs)


@pytest.mark.parametrize("lock", ["serve", "train", "dev"])
def test_the_locked_version_was_tried(lock: str) -> None:
    """What is installed by default works."""
    text = (PROJECT_ROOT / "requirements" / f"{lock}.txt").read_text()
    (locked,) = re.findall(r"^mediapipe==(\S+)", text, re.MULTILINE)
    assert locked in mediapipe_c.TRIED_VERSIONS


@pytest.mark.usefixtures("fresh")
def test_an_untried_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the version that is installed and those that work."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.99")
    with pytest.raises(
        MediaPipeError, match=r"mediapipe 1\.2\.99 .*only tried with 1\.2\.2.*install"
    ):
        mediapipe_c.load()


@pytest.mark.usefixtures("fresh")
def test_a_missing_function_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library without a function that we call is refused when it is loaded."""
    functions = {**mediapipe_c._FREEING_FUNCTIONS, "MpNoSuchFunction": ()}
    monkeypatch.setattr(mediapipe_c, "_FREEING_FUNCTIONS", functions)
    with pytest.raises(MediaPipeError, match=rf"{VERSION} has no MpNoSuchFunction; install"):
        mediapipe_c.load()


@pytest.mark.usefixtures("fresh")
def test_a_missing_package_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without MediaPipe there is nothing to load."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MediaPipeError, match="not installed"):
        mediapipe_c.load()
