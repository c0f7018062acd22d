"""Messages of the live protocol: parsing and formatting (``docs/live-protocol.md``)."""

import json
import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np

from serving.exports.entries import labelled, rounded
from serving.live.classifier import LivePrediction
from serving.live.steady import EndedHold
from serving.settings import LiveParams
from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.landmarks import CONNECTIONS, LANDMARK_INDEX
from shared_features.params import TimelineParams

PROTOCOL_VERSION = 1
MAX_IN_FLIGHT = 2
_MAGIC = b"SLF1"
_HEADER = struct.Struct("<4sId")
HEADER_BYTES = _HEADER.size
# Enough for any clock in seconds, and microseconds still fit into 64 bits.
_MAX_CAPTURE_S = 1e10
_POSITION_DIGITS = 4
_TIME_DIGITS = 3
_MILLISECOND_DIGITS = 2

ErrorCode = Literal[
    "bad_header", "out_of_order", "bad_picture", "too_many_pixels", "busy", "not_ready"
]


class CloseCode(IntEnum):
    """Why the service closes a session."""

    UNSUPPORTED_DATA = 1003
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    IDLE = 4408
    NOT_READING = 4410


@dataclass(frozen=True)
class LiveFrame:
    """One frame as received.

    Attributes:
        frame_id: Number that increases from frame to frame.
        capture_s: Capture time in seconds by the client's clock.
        image: Contents of a JPEG or WebP file.
    """

    frame_id: int
    capture_s: float
    image: bytes


class FrameError(Exception):
    """A frame that cannot be classified; the session continues.

    Args:
        code: Code of the error message.
        detail: What was sent, what was expected, and what to do.
        frame_id: ID of the frame; None if it could not be read.
    """

    def __init__(self, code: ErrorCode, detail: str, frame_id: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.frame_id = frame_id


def pack_frame(frame: LiveFrame) -> bytes:
    """The message with which a client sends a frame."""
    return _HEADER.pack(_MAGIC, frame.frame_id, frame.capture_s) + frame.image


def parse_frame(message: bytes) -> LiveFrame:
    """The frame of a message.

    Raises:
        FrameError: The message is not a frame.
    """
    if len(message) <= HEADER_BYTES:
        raise FrameError(
            "bad_header",
            f"The message has {len(message)} bytes; expected a header of {HEADER_BYTES} bytes and "
            "an image.",
        )
    magic, frame_id, capture_s = _HEADER.unpack_from(message)
    if magic != _MAGIC:
        raise FrameError(
            "bad_header", f"The message starts with {magic!r}; a frame starts with {_MAGIC!r}."
        )
    if not (math.isfinite(capture_s) and 0 <= capture_s <= _MAX_CAPTURE_S):
        raise FrameError(
            "bad_header",
            f"The capture time is {capture_s}; expected seconds, 0 to {_MAX_CAPTURE_S:.0e}.",
            frame_id,
        )
    return LiveFrame(frame_id, capture_s, message[HEADER_BYTES:])


def ready_message(classifier: PoseClassifier, live: LiveParams, timeline: TimelineParams) -> str:
    """The first message of a session."""
    contract = classifier.contract
    return _json(
        {
            "type": "ready",
            "protocol": PROTOCOL_VERSION,
            "model": {
                "sha256": classifier.sha256,
                "labels": list(contract.labels),
                "other": contract.other,
            },
            "connections": [[LANDMARK_INDEX[name] for name in pair] for pair in CONNECTIONS],
            "limits": {
                "max_in_flight": MAX_IN_FLIGHT,
                "max_frame_bytes": live.max_frame_bytes,
                "max_pixels": live.max_pixels,
                "idle_timeout_s": live.idle_timeout_s,
                "send_timeout_s": live.send_timeout_s,
                "max_gap_s": timeline.max_gap_s,
                "min_hold_s": timeline.min_hold_s,
            },
        }
    )


def pose_message(
    frame: LiveFrame, prediction: LivePrediction, dropped: int, timings_ms: dict[str, float]
) -> str:
    """The response to a frame."""
    steady = prediction.steady
    return _json(
        {
            "type": "pose",
            "frame_id": frame.frame_id,
            "capture_s": frame.capture_s,
            "dropped": dropped,
            "person": prediction.person,
            "person_changed": prediction.person_changed,
            "label": steady.label,
            "confidence": rounded(steady.confidence),
            "probabilities": labelled(prediction.labels, steady.probabilities),
            "hold_s": None if steady.hold_s is None else round(steady.hold_s, _TIME_DIGITS),
            "ended_hold": None if steady.ended is None else hold_entry(steady.ended),
            "landmarks": None
            if prediction.landmarks is None
            else np.asarray(prediction.landmarks, np.float64).round(_POSITION_DIGITS).tolist(),
            "timings_ms": {
                name: round(value, _MILLISECOND_DIGITS) for name, value in timings_ms.items()
            },
        }
    )


def hold_entry(hold: EndedHold) -> dict[str, Any]:
    """A hold that has ended, in capture times."""
    return {
        "label": hold.label,
        "start_s": round(hold.start_s, _TIME_DIGITS),
        "end_s": round(hold.end_s, _TIME_DIGITS),
        "duration_s": round(hold.end_s - hold.start_s, _TIME_DIGITS),
    }


def error_message(code: ErrorCode, detail: str, frame_id: int | None, dropped: int) -> str:
    """The message about something that could not be done."""
    return _json(
        {"type": "error", "code": code, "frame_id": frame_id, "detail": detail, "dropped": dropped}
    )


def _json(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
