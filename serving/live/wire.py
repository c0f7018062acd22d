"""Messages that the service sends over the websocket (``docs/live-protocol.md``)."""

import json
from enum import IntEnum
from typing import Any

import numpy as np

from serving.exports.entries import labelled, rounded, score_entry
from serving.live.classifier import LivePrediction
from serving.live.frame import ErrorCode, LiveFrame
from serving.live.steady import EndedHold
from serving.settings import LiveParams
from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.landmarks import CONNECTIONS, LANDMARK_INDEX
from shared_features.params import TimelineParams

PROTOCOL_VERSION = 1
MAX_IN_FLIGHT = 2
_POSITION_DIGITS = 4
_TIME_DIGITS = 3
_MILLISECOND_DIGITS = 2


class CloseCode(IntEnum):
    """Why the service closes a session."""

    UNSUPPORTED_DATA = 1003
    POLICY_VIOLATION = 1008
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    IDLE = 4408
    NOT_READING = 4410


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
    """A hold that has ended, in capture times, and its score."""
    return {
        "label": hold.label,
        "start_s": round(hold.start_s, _TIME_DIGITS),
        "end_s": round(hold.end_s, _TIME_DIGITS),
        "duration_s": round(hold.end_s - hold.start_s, _TIME_DIGITS),
        "score": None if hold.score is None else score_entry(hold.score),
    }


def error_message(code: ErrorCode, detail: str, frame_id: int | None, dropped: int) -> str:
    """The message about something that could not be done."""
    return _json(
        {"type": "error", "code": code, "frame_id": frame_id, "detail": detail, "dropped": dropped}
    )


def _json(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
