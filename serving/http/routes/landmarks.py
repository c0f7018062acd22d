"""``/api/v1/landmarks``: poses from landmarks computed by the client."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.analysis import model_facts
from serving.errors import UploadError
from serving.exports.entries import segment_entry
from serving.exports.predictions import prediction_of
from serving.http.access.client import limited_as
from serving.http.bodies.answers import json_answer
from serving.http.bodies.landmarks import GivenLandmarks, read_landmarks
from serving.http.bodies.uploads import BodyLimits, read_body
from serving.http.openapi import json_body, problems
from serving.http.schemas import (
    FramePredictionOut,
    LandmarksIn,
    LandmarksOut,
    ModelFactsOut,
    SegmentOut,
)
from serving.http.services import ServicesDep
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import build_timeline
from shared_features.landmarks.still_periods import still_periods

router = APIRouter(tags=["landmarks"])


@router.post(
    "/landmarks",
    response_model=LandmarksOut,
    responses=problems(400, 408, 413, 415, 422, 503),
    openapi_extra=json_body(LandmarksIn.__name__),
)
async def classify_landmarks(request: Request, services: ServicesDep) -> Response:
    """A prediction for each frame; with times, also segments of the smoothed predictions."""
    classifier = services.engine.classifier()
    serving = services.settings.serving
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UploadError(
            415, f"The request has the type {content_type!r}, expected application/json."
        )
    # Bodies are kept in memory, so one client must not send hundreds at a time.
    with services.photo_requests.one(limited_as(request.scope)):
        body = await read_body(request, BodyLimits.of(serving, serving.max_landmarks_mb))
        return await run_in_threadpool(_answer, body, serving.max_landmark_frames, classifier)


def _answer(body: bytes, max_frames: int, classifier: PoseClassifier) -> Response:
    return json_answer(_classify(read_landmarks(body, max_frames), classifier))


def _classify(given: GivenLandmarks, classifier: PoseClassifier) -> LandmarksOut:
    track = given.track
    contract = classifier.contract
    probabilities = classifier.classify(track)
    model = ModelFactsOut(**asdict(model_facts(classifier)))
    frames = [
        FramePredictionOut(
            **asdict(prediction_of(row, contract, bool(track.person[index]))),
            index=index,
            pts_s=float(track.pts_s[index]) if given.timed else None,
        )
        for index, row in enumerate(probabilities)
    ]
    if not given.timed:
        return LandmarksOut(model=model, frames=frames, segments=None)
    end_s = float(track.pts_s[-1])
    timeline = build_timeline(
        probabilities,
        track.pts_s,
        end_s,
        contract.labels,
        contract.other,
        contract.timeline,
        person=track.person,
        periods=still_periods(track.pts_s, track.image, track.aspect, contract.timeline.max_gap_s),
    )
    segments = [SegmentOut(**segment_entry(segment)) for segment in timeline.segments]
    return LandmarksOut(model=model, frames=frames, segments=segments)
