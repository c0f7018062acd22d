"""``/api/v1/model``: the model being served."""

from dataclasses import asdict

from fastapi import APIRouter

from serving.analysis import model_facts
from serving.http.openapi import problems
from serving.http.schemas import ModelOut
from serving.http.services import ServicesDep

router = APIRouter(tags=["model"])


@router.get("/model", responses=problems(503))
async def model(services: ServicesDep) -> ModelOut:
    """The model's description of itself, when it was loaded, and the limits of requests."""
    served = services.engine.served()
    classifier = served.classifier
    serving = services.settings.serving
    facts = asdict(model_facts(classifier)) | {"training": classifier.contract.training}
    return ModelOut(
        **facts,
        features=list(classifier.contract.features.columns),
        metrics=classifier.contract.metrics,
        loaded_at=served.loaded_at,
        file_problem=services.engine.file_problem,
        limits={
            "max_upload_mb": serving.max_upload_mb,
            "max_photo_mb": serving.max_photo_mb,
            "max_landmark_frames": serving.max_landmark_frames,
            "max_duration_s": services.settings.shared.media.max_duration_s,
        },
    )
