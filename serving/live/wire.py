"""What travels over the websocket, byte by byte and field by field (``docs/live-protocol.md``)."""

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
# Large enough for any clock in seconds, small enough for microseconds in 64 bits.
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
    """One frame as it came.

    Attributes:
        frame_id: rises from frame to frame.
        capture_s: when it was taken, by the client's clock.
        image: the bytes of a JPEG or WebP file.
    """

    frame_id: int
    capture_s: float
    image: bytes


class FrameError(Exception):
    """A frame that cannot be answered with a pose; the session goes on.

    Args:
        code: of the error message.
        detail: what was sent, what was expected, what to do.
        frame_id: of the frame; None where none could be read.
    """

    def __init__(self, code: ErrorCode, detail: str, frame_id: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.frame_id = frame_id


def pack_frame(frame: LiveFrame) -> bytes:
    """A frame as a client sends it."""
    return _HEADER.pack(_MAGIC, frame.frame_id, frame.capture_s) + frame.image


def parse_frame(message: bytes) -> LiveFrame:
    """A frame from the message that carries it.

    Raises:
        FrameError: it is none.
    """
    if len(message) <= HEADER_BYTES:
        raise FrameError(
            "bad_header",
            f"The message has {len(message)} bytes; expected a header of {HEADER_BYTES} bytes and "
            "a picture.",
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
    """Sent before anything else."""
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
    frame: LiveFrame, answer: LivePrediction, dropped: int, timings_ms: dict[str, float]
) -> str:
    """The answer to a frame."""
    steady = answer.steady
    return _json(
        {
            "type": "pose",
            "frame_id": frame.frame_id,
            "capture_s": frame.capture_s,
            "dropped": dropped,
            "person": answer.person,
            "person_changed": answer.person_changed,
            "label": steady.label,
            "confidence": rounded(steady.confidence),
            "probabilities": labelled(answer.labels, steady.probabilities),
            "hold_s": None if steady.hold_s is None else round(steady.hold_s, _TIME_DIGITS),
            "ended_hold": None if steady.ended is None else hold_entry(steady.ended),
            "landmarks": None
            if answer.landmarks is None
            else np.asarray(answer.landmarks, np.float64).round(_POSITION_DIGITS).tolist(),
            "timings_ms": {
                name: round(value, _MILLISECOND_DIGITS) for name, value in timings_ms.items()
            },
        }
    )


def hold_entry(hold: EndedHold) -> dict[str, Any]:
    """A hold that is over, in capture times."""
    return {
        "label": hold.label,
        "start_s": round(hold.start_s, _TIME_DIGITS),
        "end_s": round(hold.end_s, _TIME_DIGITS),
        "duration_s": round(hold.end_s - hold.start_s, _TIME_DIGITS),
    }


def error_message(code: ErrorCode, detail: str, frame_id: int | None, dropped: int) -> str:
    """Something could not be done."""
    return _json(
        {"type": "error", "code": code, "frame_id": frame_id, "detail": detail, "dropped": dropped}
    )


def _json(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
