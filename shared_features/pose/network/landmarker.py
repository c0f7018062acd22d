"""MediaPipe's Pose Landmarker, called through its C interface (``mediapipe_c``).

The library inside the ``mediapipe`` package is called directly because the package's Python layer
costs more than it is worth here: importing it takes a second and pulls in a plotting library and an
audio library, every call is handed to another thread and back, and each of a frame's 66 landmarks
becomes an object. The results are bit-identical (``test_landmarker.py``).

A landmarker must only be used by one thread at a time.
"""

import ctypes
import os
from pathlib import Path
from typing import Literal

import numpy as np

from shared_features.landmarks.landmarks import IMAGE_CHANNELS, WORLD_CHANNELS, FloatArray
from shared_features.media.frames import RgbArray
from shared_features.pose.network import mediapipe_c
from shared_features.pose.network.mediapipe_c import (
    BaseOptions,
    Handle,
    Landmark,
    Landmarks,
    Options,
    Pixels,
    Result,
)
from shared_features.runtime.allocator import release_freed

RunningMode = Literal["photo", "video"]

_RUNNING_MODES: dict[RunningMode, int] = {"photo": 1, "video": 2}
_DEFAULT_DELEGATE = 0
_NO_FILE_DESCRIPTOR = -1
_SRGB = 1


def _record(channels: tuple[str, ...]) -> np.dtype[np.void]:
    """A dtype that reads these channels out of MediaPipe's landmarks."""
    return np.dtype(
        {
            "names": channels,
            "formats": ["f4"] * len(channels),
            "offsets": [getattr(Landmark, channel).offset for channel in channels],
            "itemsize": ctypes.sizeof(Landmark),
        }
    )


_IMAGE_RECORD = _record(IMAGE_CHANNELS)
_WORLD_RECORD = _record(WORLD_CHANNELS)


class Landmarker:
    """One pose landmarker.

    Args:
        model_path: Path of a ``.task`` file.
        mode: ``photo`` detects people in every frame independently; ``video`` tracks them from
            frame to frame.
        people: Largest number of people to find.
        min_detection_confidence: Detections below this confidence are dropped, 0..1.
        min_tracking_confidence: Tracks below this confidence are dropped, 0..1.

    Raises:
        MediaPipeError: MediaPipe cannot be loaded, or does not accept the model.
    """

    def __init__(
        self,
        model_path: Path,
        mode: RunningMode,
        people: int,
        min_detection_confidence: float,
        min_tracking_confidence: float,
    ) -> None:
        self._handle = Handle()
        options = Options(
            base_options=BaseOptions(
                model_asset_path=os.fsencode(model_path),
                file_descriptor=_NO_FILE_DESCRIPTOR,
                delegate=_DEFAULT_DELEGATE,
            ),
            running_mode=_RUNNING_MODES[mode],
            num_poses=people,
            min_pose_detection_confidence=min_detection_confidence,
            min_pose_presence_confidence=min_tracking_confidence,
            min_tracking_confidence=min_tracking_confidence,
            output_segmentation_masks=False,
            result_callback=None,
        )
        mediapipe_c.call(
            "MpPoseLandmarkerCreate", ctypes.byref(options), ctypes.byref(self._handle)
        )

    def close(self) -> None:
        """Free the networks; closing again does nothing."""
        if self._handle:
            handle, self._handle = self._handle, Handle()
            mediapipe_c.call("MpPoseLandmarkerClose", handle)
            release_freed()

    def detect(
        self, rgb: RgbArray, timestamp_ms: int | None
    ) -> list[tuple[FloatArray, FloatArray]]:
        """Find everyone in a frame.

        Args:
            rgb: ``(height, width, 3)`` uint8, C-contiguous.
            timestamp_ms: Time of a video frame, later than that of the previous frame; None for a
                photo.

        Returns:
            For each person, ``(33, 5)`` float32 x, y as fractions, z, visibility and presence, and
            ``(33, 3)`` float32 metres, hip-centred.

        Raises:
            MediaPipeError: MediaPipe does not accept the frame or its time.
        """
        height, width = rgb.shape[:2]
        image, result = Handle(), Result()
        pixels = rgb.ctypes.data_as(Pixels)
        mediapipe_c.call(
            "MpImageCreateFromUint8Data",
            *(_SRGB, width, height, pixels, rgb.size, ctypes.byref(image)),
        )
        try:
            if timestamp_ms is None:
                arguments = self._handle, image, None, ctypes.byref(result)
                mediapipe_c.call("MpPoseLandmarkerDetectImage", *arguments)
            else:
                timed = self._handle, image, None, timestamp_ms, ctypes.byref(result)
                mediapipe_c.call("MpPoseLandmarkerDetectForVideo", *timed)
        finally:
            mediapipe_c.load().MpImageFree(image)
        try:
            return [
                (
                    _rows(result.pose_landmarks[person], _IMAGE_RECORD),
                    _rows(result.pose_world_landmarks[person], _WORLD_RECORD),
                )
                for person in range(result.pose_landmarks_count)
            ]
        finally:
            mediapipe_c.load().MpPoseLandmarkerCloseResult(ctypes.byref(result))


def _rows(landmarks: Landmarks, record: np.dtype[np.void]) -> FloatArray:
    """``(landmarks, channels)`` of one person, copied out of MediaPipe's memory."""
    size = ctypes.sizeof(Landmark) * landmarks.landmarks_count
    memory = ctypes.string_at(landmarks.landmarks, size)
    stored = np.frombuffer(memory, record)
    rows = np.empty((len(stored), len(record.names or ())), dtype=np.float32)
    for column, name in enumerate(record.names or ()):
        rows[:, column] = stored[name]
    return rows
