"""``/api/v1/landmarks``: poses from landmarks computed by the client."""

from dataclasses import asdict

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from serving.analysis import model_facts
from serving.errors import UploadError
from serving.exports.entries import segment_entry
from serving.exports.predictions import prediction_of
from serving.http.openapi import json_body, problems
from serving.http.problems import invalid
from serving.http.schemas import (
    FramePredictionOut,
    LandmarksIn,
    LandmarksOut,
    ModelFactsOut,
    SegmentOut,
)
from serving.http.services import ServicesDep
from serving.http.uploads import BodyLimits, read_body
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import build_timeline
from shared_features.landmarks.landmarks import LANDMARK_COUNT, LandmarkTrack, empty_landmarks

# Structural characters in the JSON of one frame: image and world coordinates, and a time.
_MOST_PER_FRAME = {b"{": 1, b"[": 2 + 2 * LANDMARK_COUNT, b":": 3, b",": 8 * LANDMARK_COUNT}

router = APIRouter(tags=["landmarks"])


@router.post(
    "/landmarks",
    response_model=LandmarksOut,
    responses=problems(400, 408, 413, 415, 422, 503),
    openapi_extra=json_body(LandmarksIn.__name__),
)
async def classify_landmarks(request: Request, services: ServicesDep) -> LandmarksOut | Response:
    """A prediction for each frame; with times, also segments of the smoothed predictions."""
    classifier = services.engine.classifier()
    serving = services.settings.serving
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UploadError(
            415, f"The request has the type {content_type!r}, expected application/json."
        )
    body = await read_body(request, BodyLimits.of(serving, serving.max_landmarks_mb))
    if _has_more_parts_than(2 * serving.max_landmark_frames, body):
        raise UploadError(
            422,
            f"The body has far more parts than {serving.max_landmark_frames} frames of landmarks, "
            "the limit (`serving.max_landmark_frames` in params.yaml). Check its format, and send "
            "long recordings in parts.",
        )
    try:
        # Validating a large body takes a while and must not hold up other requests.
        given = await run_in_threadpool(LandmarksIn.model_validate_json, body)
    except ValidationError as error:
        return invalid(request, error.errors(include_input=False, include_context=False))
    if len(given.frames) > serving.max_landmark_frames:
        raise UploadError(
            413,
            f"{len(given.frames)} frames were sent; the limit is {serving.max_landmark_frames} "
            "(`serving.max_landmark_frames` in params.yaml). Send them in parts.",
        )
    return await run_in_threadpool(_classify, given, classifier)


def _has_more_parts_than(frames: int, body: bytes) -> bool:
    """Whether a JSON body has more parts than a valid one with so many frames.

    Parsing keeps every other thread waiting, for seconds if 16 MiB are made of tiny parts; counting
    is quick.
    """
    return any(body.count(part) > (frames + 1) * most for part, most in _MOST_PER_FRAME.items())


def _classify(given: LandmarksIn, classifier: PoseClassifier) -> LandmarksOut:
    track = _track(given)
    contract = classifier.contract
    probabilities = classifier.classify(track)
    model = ModelFactsOut(**asdict(model_facts(classifier)))
    frames = [
        FramePredictionOut(**asdict(prediction_of(row, contract)), index=index, pts_s=frame.pts_s)
        for index, (row, frame) in enumerate(zip(probabilities, given.frames, strict=True))
    ]
    if given.frames[0].pts_s is None:
        return LandmarksOut(model=model, frames=frames, segments=None)
    end_s = float(track.pts_s[-1])
    timeline = build_timeline(
        probabilities, track.pts_s, end_s, contract.labels, contract.other, contract.timeline
    )
    segments = [SegmentOut(**segment_entry(segment)) for segment in timeline.segments]
    return LandmarksOut(model=model, frames=frames, segments=segments)


def _track(given: LandmarksIn) -> LandmarkTrack:
    """Convert the request to a track; NaN where no landmarks were sent."""
    image, world = empty_landmarks(len(given.frames))
    for index, frame in enumerate(given.frames):
        if frame.image is not None:
            for point, values in enumerate(frame.image):
                image[index, point, : len(values)] = values
            if frame.world is not None:
                world[index] = frame.world
    pts_s = np.array([frame.pts_s or 0.0 for frame in given.frames])
    return LandmarkTrack("landmarks", given.width, given.height, pts_s, image, world)
