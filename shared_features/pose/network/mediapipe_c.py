"""MediaPipe's C interface: its structures, its functions, and the versions they were tried with.

The C interface makes no promise of stability, not even between patch releases, so only versions
that were tried are accepted. To try another one, install it, add it to ``TRIED_VERSIONS`` and run
the tests of this room: they compare the structures with those of MediaPipe's own package, and the
landmarks with its landmarks and with those of the unpruned network.

Tried and rejected: 1.2.3. It appends ``npu_dispatch_library_dir`` to the base options, which shifts
every option after them. Its new runtime also fails with the pruned network, in which one tensor
serves as two outputs (``model_asset``): people go missing at random, in 1152 of the demo video's
1175 frames in one run. With the unpruned network, the landmarks compared were those of 1.2.2.
"""

import ctypes
import importlib.metadata
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

from shared_features.runtime.allocator import limit_arenas

_LIBRARY_NAMES = {"darwin": "libmediapipe.dylib", "win32": "libmediapipe.dll"}
_OK = 0

TRIED_VERSIONS = ("1.2.2",)


class BaseOptions(ctypes.Structure):
    """The options that all MediaPipe tasks share."""

    _fields_ = (
        ("model_asset_buffer", ctypes.c_char_p),
        ("model_asset_buffer_count", ctypes.c_uint),
        ("model_asset_path", ctypes.c_char_p),
        ("file_descriptor", ctypes.c_int),
        ("delegate", ctypes.c_int),
        ("host_environment", ctypes.c_int),
        ("host_system", ctypes.c_int),
        ("host_version", ctypes.c_char_p),
        ("ca_bundle_path", ctypes.c_char_p),
        ("app_id", ctypes.c_char_p),
        ("app_version", ctypes.c_char_p),
    )


class Options(ctypes.Structure):
    """The options of a pose landmarker."""

    _fields_ = (
        ("base_options", BaseOptions),
        ("running_mode", ctypes.c_int),
        ("num_poses", ctypes.c_int),
        ("min_pose_detection_confidence", ctypes.c_float),
        ("min_pose_presence_confidence", ctypes.c_float),
        ("min_tracking_confidence", ctypes.c_float),
        ("output_segmentation_masks", ctypes.c_bool),
        ("result_callback", ctypes.c_void_p),
    )


class Landmark(ctypes.Structure):
    """One landmark, in the image or in the world."""

    _fields_ = (
        ("x", ctypes.c_float),
        ("y", ctypes.c_float),
        ("z", ctypes.c_float),
        ("has_visibility", ctypes.c_bool),
        ("visibility", ctypes.c_float),
        ("has_presence", ctypes.c_bool),
        ("presence", ctypes.c_float),
        ("name", ctypes.c_char_p),
    )


class Landmarks(ctypes.Structure):
    """The landmarks of one person."""

    _fields_ = (
        ("landmarks", ctypes.POINTER(Landmark)),
        ("landmarks_count", ctypes.c_uint32),
    )


class Result(ctypes.Structure):
    """Everyone found in a frame."""

    _fields_ = (
        ("segmentation_masks", ctypes.POINTER(ctypes.c_void_p)),
        ("segmentation_masks_count", ctypes.c_uint32),
        ("pose_landmarks", ctypes.POINTER(Landmarks)),
        ("pose_landmarks_count", ctypes.c_uint32),
        ("pose_world_landmarks", ctypes.POINTER(Landmarks)),
        ("pose_world_landmarks_count", ctypes.c_uint32),
    )


Handle = ctypes.c_void_p
Pixels = ctypes.POINTER(ctypes.c_uint8)
_HandlePointer = ctypes.POINTER(Handle)
_ResultPointer = ctypes.POINTER(Result)
_Message = ctypes.POINTER(ctypes.c_char_p)
_ImageOptions = ctypes.c_void_p
# The functions used, with their arguments. These return a status and may leave a message ...
_STATUS_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "MpPoseLandmarkerCreate": (ctypes.POINTER(Options), _HandlePointer, _Message),
    "MpPoseLandmarkerDetectImage": (Handle, Handle, _ImageOptions, _ResultPointer, _Message),
    "MpPoseLandmarkerDetectForVideo": (
        *(Handle, Handle, _ImageOptions, ctypes.c_int64, _ResultPointer, _Message),
    ),
    "MpPoseLandmarkerClose": (Handle, _Message),
    "MpImageCreateFromUint8Data": (
        *(ctypes.c_int, ctypes.c_int, ctypes.c_int, Pixels, ctypes.c_int),
        *(_HandlePointer, _Message),
    ),
}
# ... and these return nothing.
_FREEING_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "MpPoseLandmarkerCloseResult": (_ResultPointer,),
    "MpImageFree": (Handle,),
    "MpErrorFree": (ctypes.c_void_p,),
}


class MediaPipeError(Exception):
    """MediaPipe cannot be loaded, or reports a failure in its own words."""


@cache
def load() -> ctypes.CDLL:
    """MediaPipe's library, loaded by the first call, with the types of the functions set.

    Raises:
        MediaPipeError: MediaPipe is not installed, its version was not tried, or the library or
            something it is linked against is missing.
    """
    found = importlib.util.find_spec("mediapipe")
    if found is None or found.origin is None:
        raise MediaPipeError("the mediapipe package is not installed")
    version = importlib.metadata.version("mediapipe")
    if version not in TRIED_VERSIONS:
        raise MediaPipeError(
            f"mediapipe {version} is installed, but its C interface was only tried with "
            f"{', '.join(TRIED_VERSIONS)}; install the version that requirements/ names"
        )
    limit_arenas()  # each landmarker starts threads of its own
    name = _LIBRARY_NAMES.get(sys.platform, "libmediapipe.so")
    try:
        library = ctypes.CDLL(str(Path(found.origin).parent / "tasks" / "c" / name))
    except OSError as error:
        raise MediaPipeError(
            f"{error}; on Debian and Ubuntu: apt-get install libegl1 libgles2"
        ) from error
    functions = _STATUS_FUNCTIONS | _FREEING_FUNCTIONS
    missing = [name for name in functions if not hasattr(library, name)]
    if missing:
        raise MediaPipeError(
            f"the library of mediapipe {version} has no {', '.join(missing)}; install the version "
            "that requirements/ names"
        )
    for name, arguments in functions.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = None if name in _FREEING_FUNCTIONS else ctypes.c_int
    return library


def call(name: str, *arguments: Any) -> None:
    """Call one of the functions that return a status.

    Args:
        name: Name of the function.
        arguments: All its arguments except the last one, which receives the error message.

    Raises:
        MediaPipeError: MediaPipe cannot be loaded, or reports a failure.
    """
    library = load()
    message = ctypes.c_char_p()
    status = getattr(library, name)(*arguments, ctypes.byref(message))
    if status != _OK:
        text = (message.value or b"").decode("utf-8", errors="replace")
        if message:
            library.MpErrorFree(message)
        raise MediaPipeError(text or f"MediaPipe returned status {status}")
