"""``/api/v1/comparisons``: two analysed videos in step."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from serving.comparisons.queue import ComparisonQueue
from serving.comparisons.record import RESULT_FILE, VIDEO_FILE, Comparison, ComparisonState
from serving.comparisons.results import SPLIT_COLUMNS
from serving.comparisons.schemas import (
    ComparisonIn,
    ComparisonListOut,
    ComparisonOut,
    ComparisonResultOut,
)
from serving.errors import UploadError
from serving.http.access.client import ClientDep
from serving.http.access.prefix import prefix_of
from serving.http.bodies.uploads import BodyLimits, read_body
from serving.http.files.ranges import check_range
from serving.http.openapi import json_body, problems
from serving.http.own_jobs import JobsDep, OwnJobs
from serving.http.problems import invalid
from serving.http.services import ServicesDep
from serving.jobs import Job
from serving.overlay.routine import load_routine

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

_MAX_BODY_MB = 64 / 1024
_VIDEO_TYPE = "video/mp4"
_TEXT = {"schema": {"type": "string"}}
_UNPROCESSABLE = 422


def _owner(client: ClientDep) -> str | None:
    """Whose comparisons the client sees; None: everyone's."""
    return None if client.admin else client.name


def _queue(services: ServicesDep) -> ComparisonQueue:
    return services.comparisons


OwnerDep = Annotated[str | None, Depends(_owner)]
QueueDep = Annotated[ComparisonQueue, Depends(_queue)]


@router.post(
    "",
    status_code=202,
    response_model=ComparisonOut,
    responses=problems(400, 404, 408, 409, 413, 415, 422, 503, 507),
    openapi_extra=json_body(ComparisonIn.__name__),
)
async def compare(
    request: Request,
    response: Response,
    services: ServicesDep,
    jobs: JobsDep,
    queue: QueueDep,
    client: ClientDep,
) -> ComparisonOut | Response:
    """Queue a comparison of two analysed videos; `Location` is the path of its state."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UploadError(
            415, f"The request has the type {content_type!r}, expected application/json."
        )
    body = await read_body(request, BodyLimits.of(services.settings.serving, _MAX_BODY_MB))
    try:
        given = ComparisonIn.model_validate_json(body)
    except ValidationError as error:
        return invalid(request, error.errors(include_input=False, include_context=False))
    comparison = await run_in_threadpool(_submit, given, jobs, queue, client.name)
    accepted = await run_in_threadpool(_out, comparison, jobs, queue)
    response.headers["Location"] = prefix_of(request.scope) + accepted.links["self"]
    return accepted


@router.get("", responses=problems(503))
def list_comparisons(jobs: JobsDep, queue: QueueDep, owner: OwnerDep) -> ComparisonListOut:
    """All comparisons, newest first."""
    sources = {job.id: job.source for job in jobs.all()}
    return ComparisonListOut(
        comparisons=[_described(one, sources, queue) for one in queue.all(owner)]
    )


@router.get("/{comparison_id}", responses=problems(404, 422, 503))
def get_comparison(
    comparison_id: str, jobs: JobsDep, queue: QueueDep, owner: OwnerDep
) -> ComparisonOut:
    """The state and progress of a comparison."""
    return _out(queue.get(comparison_id, owner), jobs, queue)


@router.delete("/{comparison_id}", status_code=204, responses=problems(404, 422))
def delete_comparison(comparison_id: str, queue: QueueDep, owner: OwnerDep) -> Response:
    """Delete a comparison; the two videos stay."""
    queue.delete(comparison_id, owner)
    return Response(status_code=204)


@router.get(
    "/{comparison_id}/result",
    response_class=FileResponse,
    responses=problems(404, 409, 422)
    | {
        200: {
            "description": "The result.",
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{ComparisonResultOut.__name__}"}
                }
            },
        }
    },
)
def get_result(comparison_id: str, queue: QueueDep, owner: OwnerDep) -> FileResponse:
    """The splits, the course of time and the difference in pose."""
    path = queue.file(comparison_id, RESULT_FILE, owner)
    return FileResponse(path, media_type="application/json", content_disposition_type="inline")


@router.get(
    "/{comparison_id}/splits.csv",
    response_class=Response,
    responses=problems(404, 409, 422)
    | {
        200: {"description": "The splits.", "content": {"text/csv": {"schema": {"type": "string"}}}}
    },
)
def get_splits(comparison_id: str, queue: QueueDep, owner: OwnerDep) -> Response:
    """The splits as a table."""
    content = json.loads(queue.file(comparison_id, RESULT_FILE, owner).read_text(encoding="utf-8"))
    table = io.StringIO()
    writer = csv.DictWriter(table, SPLIT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(content["splits"])
    return Response(
        table.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="splits.csv"'},
    )


@router.get(
    "/{comparison_id}/side_by_side.mp4",
    response_class=FileResponse,
    responses=problems(404, 409, 416, 422)
    | {
        200: {"description": "The video.", "content": {_VIDEO_TYPE: {}}},
        206: {"description": "The requested range of it.", "content": {_VIDEO_TYPE: {}}},
    },
)
def get_side_by_side(
    request: Request, comparison_id: str, queue: QueueDep, owner: OwnerDep
) -> Response:
    """Both videos in step, with skeletons and the sound of the reference; supports ranges."""
    path = queue.file(comparison_id, VIDEO_FILE, owner)
    check_range(request.headers.get("range"), path.stat().st_size)
    return FileResponse(
        path, media_type=_VIDEO_TYPE, filename=VIDEO_FILE, content_disposition_type="inline"
    )


def _submit(given: ComparisonIn, jobs: OwnJobs, queue: ComparisonQueue, name: str) -> Comparison:
    reference, target = jobs.get_analyzed(given.reference), jobs.get_analyzed(given.target)
    if reference.id == target.id:
        raise UploadError(
            _UNPROCESSABLE, "Reference and target are the same video. Choose two of them."
        )
    splits_s = _splits(given.splits, reference)
    return queue.submit(reference, target, splits_s, name)


def _splits(given: Sequence[float] | None, reference: Job) -> list[float]:
    """Key moments of the reference; the starts of its holds if none are given.

    Raises:
        UploadError: They do not rise, or lie outside the video.
    """
    routine = load_routine(reference.folder)
    if given is None:
        return [hold.start_s for hold in routine.holds]
    last_s = float(routine.pts_s[-1])
    problems_found = [
        f"{time_s:g} s is not within the reference, which ends at {last_s:.2f} s"
        for time_s in given
        if not 0 <= time_s <= last_s
    ]
    problems_found += [
        f"{later:g} s does not come after {earlier:g} s"
        for earlier, later in pairwise(given)
        if later <= earlier
    ]
    if problems_found:
        raise UploadError(
            _UNPROCESSABLE, f"The splits cannot be used: {'; '.join(problems_found)}."
        )
    return list(given)


def _out(comparison: Comparison, jobs: OwnJobs, queue: ComparisonQueue) -> ComparisonOut:
    ids = comparison.reference, comparison.target
    return _described(comparison, {one: jobs.get(one).source for one in ids}, queue)


def _described(
    comparison: Comparison, sources: dict[str, str], queue: ComparisonQueue
) -> ComparisonOut:
    here = f"/api/v1/comparisons/{comparison.id}"
    videos = "/api/v1/videos"
    links = {
        "self": here,
        "reference": f"{videos}/{comparison.reference}",
        "target": f"{videos}/{comparison.target}",
    }
    if comparison.state == ComparisonState.DONE:
        links |= {"result": f"{here}/result", "splits": f"{here}/splits.csv"}
        if queue.has_video(comparison):
            links["video"] = f"{here}/{VIDEO_FILE}"
    return ComparisonOut(
        id=comparison.id,
        reference=comparison.reference,
        target=comparison.target,
        reference_source=sources.get(comparison.reference, ""),
        target_source=sources.get(comparison.target, ""),
        status=comparison.state,
        created_at=datetime.fromtimestamp(comparison.created_s, UTC),
        frames_done=queue.progress(comparison.id),
        problem=comparison.problem,
        links=links,
    )
