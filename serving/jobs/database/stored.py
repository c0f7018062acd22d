"""What the database stores of a job: its input, and a workflow for each kind of work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from serving.storage.job_record import WorkKind

if TYPE_CHECKING:
    from dbos import WorkflowStatus

WorkflowKind = WorkKind
WorkflowState = Literal["waiting", "running", "ended", "broken"]

KINDS: tuple[WorkflowKind, ...] = ("analysis", "overlay")
# Stored in the database: existing jobs are found under these names.
NAMES: dict[WorkflowKind, str] = {"analysis": "analyse_video", "overlay": "render_overlay"}
WAITING = ("ENQUEUED", "DELAYED")
RUNNING = "PENDING"
_STATES: dict[str, WorkflowState] = {
    **dict.fromkeys(WAITING, "waiting"),
    RUNNING: "running",
    "SUCCESS": "ended",
}
_ID_SUFFIXES: dict[WorkflowKind, str] = {"analysis": "", "overlay": "-overlay"}


@dataclass(frozen=True)
class JobInput:
    """The input of a job's workflows, stored in the database as long as the job exists.

    Attributes:
        media: Name of the uploaded file in the job's folder.
        source: Name the owner gave the video.
        created_s: Time of the upload, in seconds since 1970.
        owner: Name of the client that sent it; empty on a service without tokens, and in jobs that
            early versions stored.
    """

    media: str
    source: str
    created_s: float
    owner: str = ""


@dataclass(frozen=True)
class Workflow:
    """One of a job's workflows, as stored in the database.

    Attributes:
        job_id: ID of the job.
        kind: Kind of work it does.
        state: State of the work; ``broken`` if it crashed the process too often or raised an
            exception.
        given: Input of the work.
        outcome: Return value after it has ended: None, or the reason for the failure.
    """

    job_id: str
    kind: WorkflowKind
    state: WorkflowState
    given: JobInput
    outcome: str | None


def workflow_id(kind: WorkflowKind, job_id: str) -> str:
    """ID under which the database stores a job's workflow."""
    return job_id + _ID_SUFFIXES[kind]


def read_workflow(stored: "WorkflowStatus") -> Workflow:
    """One workflow, from what DBOS says of it."""
    kind: WorkflowKind = "overlay" if stored.name == NAMES["overlay"] else "analysis"
    given = stored.input
    arguments = given["args"][1:] if given else ("", "", 0.0)
    return Workflow(
        job_id=stored.workflow_id.removesuffix(_ID_SUFFIXES[kind]),
        kind=kind,
        state=_STATES.get(stored.status, "broken"),
        given=JobInput(*arguments),
        outcome=stored.output,
    )
