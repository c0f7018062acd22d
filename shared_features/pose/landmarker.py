"""MediaPipe's Pose Landmarker, called through its C interface.

The library in the ``mediapipe`` package is called directly, since the package's own Python costs
more than it gives here: importing it takes a second and brings in a plotting and a sound library,
each call travels to another thread and back, and each of the 66 landmarks of a frame becomes an
object. The structures below are those of ``mediapipe/tasks/c`` of the versions named in
``pyproject.toml``; results are the same, bit for bit (``test_landmarker.py``).

A landmarker belongs to one thread at a time.
"""

import ctypes
import importlib.metadata
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from shared_features.landmarks.landmarks import FloatArray
from shared_features.media.frames import RgbArray
from shared_features.runtime.allocator import give_back, limit_arenas

RunningMode = Literal["photo", "video"]

# The structures were compared with this series.
_SUPPORTED = "1.2."
_LIBRARY_NAMES = {"darwin": "libmediapipe.dylib", "win32": "libmediapipe.dll"}
_RUNNING_MODES: dict[RunningMode, int] = {"photo": 1, "video": 2}
_CPU = 0
_NO_FILE_DESCRIPTOR = -1
_SRGB = 1
_OK = 0


class _BaseOptions(ctypes.Structure):
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


class _Options(ctypes.Structure):
    _fields_ = (
        ("base_options", _BaseOptions),
        ("running_mode", ctypes.c_int),
        ("num_poses", ctypes.c_int),
        ("min_pose_detection_confidence", ctypes.c_float),
        ("min_pose_presence_confidence", ctypes.c_float),
        ("min_tracking_confidence", ctypes.c_float),
        ("output_segmentation_masks", ctypes.c_bool),
        ("result_callback", ctypes.c_void_p),
    )


class _Landmark(ctypes.Structure):
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


class _Landmarks(ctypes.Structure):
    _fields_ = (
        ("landmarks", ctypes.POINTER(_Landmark)),
        ("landmarks_count", ctypes.c_uint32),
    )


class _Result(ctypes.Structure):
    _fields_ = (
        ("segmentation_masks", ctypes.POINTER(ctypes.c_void_p)),
        ("segmentation_masks_count", ctypes.c_uint32),
        ("pose_landmarks", ctypes.POINTER(_Landmarks)),
        ("pose_landmarks_count", ctypes.c_uint32),
        ("pose_world_landmarks", ctypes.POINTER(_Landmarks)),
        ("pose_world_landmarks_count", ctypes.c_uint32),
    )


_Handle = ctypes.c_void_p
_Message = ctypes.POINTER(ctypes.c_char_p)
_PIXELS = ctypes.POINTER(ctypes.c_uint8)
# The functions used, with their arguments. All but the last three give a status and a message.
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "MpPoseLandmarkerCreate": (ctypes.POINTER(_Options), ctypes.POINTER(_Handle), _Message),
    "MpPoseLandmarkerDetectImage": (
        *(_Handle, _Handle, ctypes.c_void_p, ctypes.POINTER(_Result), _Message),
    ),
    "MpPoseLandmarkerDetectForVideo": (
        *(_Handle, _Handle, ctypes.c_void_p, ctypes.c_int64, ctypes.POINTER(_Result), _Message),
    ),
    "MpPoseLandmarkerClose": (_Handle, _Message),
    "MpImageCreateFromUint8Data": (
        *(ctypes.c_int, ctypes.c_int, ctypes.c_int, _PIXELS, ctypes.c_int),
        *(ctypes.POINTER(_Handle), _Message),
    ),
    "MpPoseLandmarkerCloseResult": (ctypes.POINTER(_Result),),
    "MpImageFree": (_Handle,),
    "MpErrorFree": (ctypes.c_void_p,),
}
_WITHOUT_STATUS = {"MpPoseLandmarkerCloseResult", "MpImageFree", "MpErrorFree"}


def _structured(*channels: str) -> np.dtype[np.void]:
    """Where some channels stand in the memory of a landmark."""
    fields = {name: getattr(_Landmark, name).offset for name in channels}
    return np.dtype(
        {
            "names": list(fields),
            "formats": ["f4"] * len(fields),
            "offsets": list(fields.values()),
            "itemsize": ctypes.sizeof(_Landmark),
        }
    )


_IMAGE_CHANNELS = _structured("x", "y", "z", "visibility", "presence")
_WORLD_CHANNELS = _structured("x", "y", "z")


class LandmarkerError(Exception):
    """MediaPipe cannot be loaded, or has refused something; the message is its own."""


class Landmarker:
    """One pose landmarker.

    Args:
        model_path: of a ``.task`` file.
        mode: ``photo`` looks at every frame afresh; ``video`` follows people from frame to frame.
        people: how many people to look for at most.
        min_detection_confidence: how sure the detector must be, 0..1.
        min_tracking_confidence: how sure the tracker must be, 0..1.

    Raises:
        LandmarkerError: MediaPipe cannot be loaded, or does not accept the model.
    """

    def __init__(
        self,
        model_path: Path,
        mode: RunningMode,
        people: int,
        min_detection_confidence: float,
        min_tracking_confidence: float,
    ) -> None:
        self._handle = _Handle()
        self._library = _library()
        options = _Options(
            base_options=_BaseOptions(
                model_asset_path=os.fsencode(model_path),
                file_descriptor=_NO_FILE_DESCRIPTOR,
                delegate=_CPU,
            ),
            running_mode=_RUNNING_MODES[mode],
            num_poses=people,
            min_pose_detection_confidence=min_detection_confidence,
            min_pose_presence_confidence=min_tracking_confidence,
            min_tracking_confidence=min_tracking_confidence,
            output_segmentation_masks=False,
            result_callback=None,
        )
        self._call("MpPoseLandmarkerCreate", ctypes.byref(options), ctypes.byref(self._handle))

    def close(self) -> None:
        """Free the networks; again does nothing."""
        if self._handle:
            handle, self._handle = self._handle, _Handle()
            self._call("MpPoseLandmarkerClose", handle)
            give_back()

    def detect(
        self, rgb: RgbArray, timestamp_ms: int | None
    ) -> list[tuple[FloatArray, FloatArray]]:
        """Everyone found in a picture.

        Args:
            rgb: ``(height, width, 3)`` uint8, in one piece.
            timestamp_ms: of a video's frame, more than that of the frame before; None: a photo.

        Returns:
            For each person ``(33, 5)`` float32 x, y as fractions, z, visibility and presence, and
            ``(33, 3)`` float32 metres, hip-centred.

        Raises:
            LandmarkerError: MediaPipe does not accept the picture or its time.
        """
        height, width = rgb.shape[:2]
        picture, result = _Handle(), _Result()
        pixels = rgb.ctypes.data_as(_PIXELS)
        self._call(
            "MpImageCreateFromUint8Data",
            *(_SRGB, width, height, pixels, rgb.size, ctypes.byref(picture)),
        )
        try:
            if timestamp_ms is None:
                arguments = self._handle, picture, None, ctypes.byref(result)
                self._call("MpPoseLandmarkerDetectImage", *arguments)
            else:
                timed = self._handle, picture, None, timestamp_ms, ctypes.byref(result)
                self._call("MpPoseLandmarkerDetectForVideo", *timed)
        finally:
            self._library.MpImageFree(picture)
        try:
            return [
                (
                    _rows(result.pose_landmarks[person], _IMAGE_CHANNELS),
                    _rows(result.pose_world_landmarks[person], _WORLD_CHANNELS),
                )
                for person in range(result.pose_landmarks_count)
            ]
        finally:
            self._library.MpPoseLandmarkerCloseResult(ctypes.byref(result))

    def _call(self, name: str, *arguments: Any) -> None:
        message = ctypes.c_char_p()
        status = getattr(self._library, name)(*arguments, ctypes.byref(message))
        if status != _OK:
            text = (message.value or b"").decode("utf-8", errors="replace")
            if message:
                self._library.MpErrorFree(message)
            raise LandmarkerError(text or f"MediaPipe's status {status}")


def _rows(landmarks: _Landmarks, channels: np.dtype[np.void]) -> FloatArray:
    """``(landmarks, channels)`` of one person, copied out of MediaPipe's memory."""
    size = ctypes.sizeof(_Landmark) * landmarks.landmarks_count
    memory = ctypes.string_at(landmarks.landmarks, size)
    stored = np.frombuffer(memory, channels)
    rows = np.empty((len(stored), len(channels.names or ())), dtype=np.float32)
    for column, name in enumerate(channels.names or ()):
        rows[:, column] = stored[name]
    return rows


@cache
def _library() -> ctypes.CDLL:
    """MediaPipe's library, loaded once.

    Raises:
        LandmarkerError: it is not there, another one, or something it is linked against is missing.
    """
    found = importlib.util.find_spec("mediapipe")
    if found is None or found.origin is None:
        raise LandmarkerError("the mediapipe package is not installed")
    version = importlib.metadata.version("mediapipe")
    if not version.startswith(_SUPPORTED):
        raise LandmarkerError(
            f"mediapipe {version} is installed, this program calls {_SUPPORTED}x; install what "
            "requirements/ names"
        )
    limit_arenas()  # each landmarker has threads of its own
    name = _LIBRARY_NAMES.get(sys.platform, "libmediapipe.so")
    try:
        library = ctypes.CDLL(str(Path(found.origin).parent / "tasks" / "c" / name))
    except OSError as error:
        raise LandmarkerError(
            f"{error}; on Debian and Ubuntu: apt-get install libegl1 libgles2"
        ) from error
    for function, arguments in _FUNCTIONS.items():
        entry = getattr(library, function)
        entry.argtypes = arguments
        entry.restype = None if function in _WITHOUT_STATUS else ctypes.c_int
    return library
