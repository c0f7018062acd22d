"""``/api/v1/photos``: the pose of one photo."""

from dataclasses import asdict

import numpy as np
from fastapi import APIRouter, Request

from serving.analysis import model_facts
from serving.errors import client_message
from serving.exports.predictions import prediction_of
from serving.http.access.client import limited_as
from serving.http.bodies.uploads import BodyLimits, begin_form, receive_file
from serving.http.connected import while_connected
from serving.http.off_loop import off_loop
from serving.http.openapi import file_form, problems
from serving.http.schemas import ImageLandmark, LandmarkOut, ModelFactsOut, PhotoOut, WorldLandmark
from serving.http.services import ServicesDep
from shared_features.errors import MediaError
from shared_features.landmarks.landmarks import (
    IMAGE_CHANNELS,
    LANDMARK_NAMES,
    WORLD_CHANNELS,
    LandmarkTrack,
)

router = APIRouter(tags=["photos"])


@router.post(
    "/photos",
    responses=problems(400, 408, 413, 415, 422, 503, 507),
    openapi_extra=file_form(
        "A JPEG, PNG, WebP or GIF photo; AVIF and HEIC where they can be read."
    ),
)
async def classify_photo(request: Request, services: ServicesDep) -> PhotoOut:
    """The landmarks and pose of the person in a photo. The photo is not stored."""
    classifier = services.engine.classifier()
    serving = services.settings.serving
    limits = BodyLimits.of(serving, serving.max_photo_mb)
    with services.photo_requests.one(limited_as(request.scope)):
        form = await begin_form(request, limits)
        async with off_loop(services.data_dir.receiving()) as folder:
            upload = await receive_file(form, folder)
            try:
                track = await while_connected(
                    request, services.photos.track(upload.path, upload.source)
                )
            except MediaError as error:
                message = client_message(error, upload.path, upload.source)
                raise type(error)(message) from error
    person = bool(track.person[0])
    found = prediction_of(classifier.classify_photo(track), classifier.contract, person)
    return PhotoOut(
        **asdict(found),
        source=track.source,
        width=track.width,
        height=track.height,
        people_in_view=track.provenance["people_in_view"][0],
        notes=track.provenance.get("notes", []),
        model=ModelFactsOut(**asdict(model_facts(classifier))),
        landmarks=_landmarks(track) if found.person else None,
    )


def _landmarks(track: LandmarkTrack) -> list[LandmarkOut]:
    image = np.asarray(track.image[0], dtype=np.float64).round(6).tolist()
    world = np.asarray(track.world[0], dtype=np.float64).round(6).tolist()
    return [
        LandmarkOut(
            name=name,
            image=ImageLandmark(**dict(zip(IMAGE_CHANNELS, in_image, strict=True))),
            world=WorldLandmark(**dict(zip(WORLD_CHANNELS, in_world, strict=True))),
        )
        for name, in_image, in_world in zip(LANDMARK_NAMES, image, world, strict=True)
    ]
