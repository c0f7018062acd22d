"""Request and response bodies of the API; their docs become its OpenAPI document."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.jobs import JobState, OverlayState
from serving.overlay.moments import Moment
from shared_features.landmarks.landmarks import LANDMARK_COUNT
from shared_features.scoring.faults import FaultKind

# Form field of an uploaded file.
FILE_FIELD = "file"
# Far outside any image or person, yet well within float32.
Coordinate = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]
ImagePoint = Annotated[list[Coordinate], Field(fail_fast=True, min_length=2, max_length=4)]
WorldPoint = Annotated[list[Coordinate], Field(fail_fast=True, min_length=3, max_length=3)]
ImagePoints = Annotated[
    list[ImagePoint], Field(fail_fast=True, min_length=LANDMARK_COUNT, max_length=LANDMARK_COUNT)
]
WorldPoints = Annotated[
    list[WorldPoint], Field(fail_fast=True, min_length=LANDMARK_COUNT, max_length=LANDMARK_COUNT)
]
Probabilities = dict[str, Annotated[float, Field(ge=0, le=1)]]

_EXAMPLE_PROBABILITIES = {"front lever": 0.91, "other pose or transition": 0.09}


class ProblemOut(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no video '0123'. It may have been deleted."])
    instance: str = Field(examples=["/api/v1/videos/0123"])


class LoginIn(BaseModel):
    """A token, to be exchanged for a session cookie."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=1000)


class SessionOut(BaseModel):
    """Who the client is."""

    name: str | None = Field(
        description="Name of the client; null if it has none.", examples=["anna"]
    )
    admin: bool = Field(description="Whether the client sees everyone's videos.")
    log_in: bool = Field(description="Whether the client has to log in first.")


class PredictionOut(BaseModel):
    """The model's prediction for one frame."""

    person: bool = Field(description="Whether a person was found.")
    in_view: bool = Field(
        description="Whether all of the body that a pose needs is in view. If not, there is no "
        "label: joints outside the picture are guessed."
    )
    label: str | None = Field(
        description="The most probable pose, even if it is uncertain; null without a person, or if "
        "not all of the body is in view.",
        examples=["front lever"],
    )
    uncertain: bool = Field(
        description="Whether even the most probable pose is too improbable for a pose to start."
    )
    confidence: float | None = Field(
        ge=0, le=1, description="Probability of the label; null without a label.", examples=[0.91]
    )
    probabilities: Probabilities | None = Field(
        description="Probability of every pose; null without a label.",
        examples=[_EXAMPLE_PROBABILITIES],
    )


class ModelFactsOut(BaseModel):
    """The identity of the model that made the predictions."""

    sha256: str
    labels: list[str]
    other: str
    features_version: int
    features_hash: str
    training: dict[str, Any]


class ImageLandmark(BaseModel):
    """A point in the image."""

    x: float = Field(description="Fraction of the width, from the left.")
    y: float = Field(description="Fraction of the height, from the top.")
    z: float = Field(description="Depth, scaled like x; smaller is nearer to the camera.")
    visibility: float = Field(
        description="Probability that the point is in the image and not hidden."
    )
    presence: float = Field(description="Probability that the point is in the image.")


class WorldLandmark(BaseModel):
    """A point in space."""

    x: float = Field(description="Metres to the right of the hip centre.")
    y: float = Field(description="Metres below the hip centre.")
    z: float = Field(description="Metres behind the hip centre, as seen from the camera.")


class LandmarkOut(BaseModel):
    """One of the 33 landmarks. Left and right are the performer's own."""

    name: str = Field(examples=["LEFT_WRIST"])
    image: ImageLandmark
    world: WorldLandmark


class PhotoOut(PredictionOut):
    """The pose in a photo."""

    source: str = Field(description="Name of the uploaded file.", examples=["lever.jpg"])
    width: int = Field(description="Width of the upright photo, in pixels.", examples=[1200])
    height: int = Field(description="Height of the upright photo, in pixels.", examples=[800])
    people_in_view: int = Field(ge=0, examples=[1])
    notes: list[str] = Field(
        default=[],
        description="What was left out of the photo: the other frames of an animation, a missing "
        "end. Usually empty.",
    )
    model: ModelFactsOut
    landmarks: list[LandmarkOut] | None = Field(
        description="All 33 landmarks, in MediaPipe's order; null without a person."
    )


class OverlayOut(BaseModel):
    """Progress of the overlay: the video with the poses drawn on it, hold photos and summary."""

    status: OverlayState = Field(examples=["rendering"])
    frames_done: int = Field(ge=0, examples=[120])
    problem: str | None = Field(description="Reason for the failure; null unless it failed.")


class JobOut(BaseModel):
    """An uploaded video and the progress of its analysis."""

    id: str = Field(examples=["5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10"])
    source: str = Field(description="Name of the uploaded file.", examples=["routine.mp4"])
    status: JobState = Field(examples=["processing"])
    created_at: datetime = Field(examples=["2026-01-31T18:30:00Z"])
    frames_done: int = Field(ge=0, examples=[412])
    frames_total: int | None = Field(
        description="Number of frames the video announces; null when it announces none.",
        examples=[1350],
    )
    problem: ProblemOut | None = Field(description="Reason for the failure; null unless it failed.")
    overlay: OverlayOut | None = Field(
        description="The overlay, drawn after the analysis; null before that."
    )
    links: dict[str, str] = Field(
        description=(
            "Paths of what belongs to the video: self and media; also timeline, angles, scores, "
            "overlay, summary and holds when they are available."
        ),
        examples=[{"self": "/api/v1/videos/5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10"}],
    )


class JobListOut(BaseModel):
    """All videos, newest first."""

    videos: list[JobOut]


class LandmarkFrameIn(BaseModel):
    """The landmarks of one frame."""

    model_config = ConfigDict(extra="forbid")

    image: ImagePoints | None = Field(
        description=(
            "33 points [x, y, z?, visibility?] in the order of MediaPipe Pose: x and y as "
            "fractions of the upright frame. null if there is no person in the frame."
        ),
    )
    world: WorldPoints | None = Field(
        default=None, description="33 points [x, y, z] in metres, hip-centred; null if unknown."
    )
    pts_s: float | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="Time in seconds, strictly increasing. Give it for all frames or for none.",
    )


class FrameSize(BaseModel):
    """Size of the frames that landmarks were found in."""

    model_config = ConfigDict(extra="forbid")

    width: int = Field(ge=1, le=100_000, description="Width of the upright frames, in pixels.")
    height: int = Field(ge=1, le=100_000, description="Height of the upright frames, in pixels.")


class LandmarksIn(FrameSize):
    """Landmarks computed by the client. ``serving.http.bodies.landmarks`` reads them in parts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "width": 640,
                    "height": 480,
                    "frames": [
                        {"image": [[0.5, 0.02 * i + 0.2] for i in range(LANDMARK_COUNT)]},
                        {"image": None},
                    ],
                }
            ]
        },
    )

    frames: list[LandmarkFrameIn] = Field(
        min_length=1,
        json_schema_extra={
            "anyOf": [
                {"items": {"required": ["pts_s"], "properties": {"pts_s": {"type": "number"}}}},
                {"items": {"properties": {"pts_s": {"type": "null"}}}},
            ]
        },
    )


def landmarks_problem(times: Sequence[float | None]) -> str | None:
    """What is wrong with the number of frames, or with their times; None if nothing is."""
    if not times:
        return "Give at least one frame"
    given = [time_s for time_s in times if time_s is not None]
    if given and len(given) != len(times):
        return "Give pts_s for all frames or for none"
    if any(later <= earlier for earlier, later in pairwise(given)):
        return "pts_s must strictly increase from frame to frame"
    return None


class FramePredictionOut(PredictionOut):
    """The prediction for one frame of landmarks."""

    index: int = Field(ge=0)
    pts_s: float | None


class FaultOut(BaseModel):
    """Something that cost a hold points."""

    kind: FaultKind
    amount: float = Field(
        description="By how much; signed where it can be to either side.", examples=[12.3]
    )
    unit: Literal["deg", "cm", "s"]
    points: float = Field(ge=0, description="Points that it cost.", examples=[9.7])
    text: str = Field(description="The fault in words.", examples=["hips 12° below the line"])


class ScoreOut(BaseModel):
    """The score of a hold."""

    points: float | None = Field(
        ge=0,
        le=100,
        description="null if the hold was not seen well enough; `reason` says why.",
        examples=[84.2],
    )
    reason: str | None = Field(description="Why there are no points; null if there are.")
    faults: list[FaultOut] = Field(description="What cost points, the most expensive first.")
    symmetry_deg: float | None = Field(
        description="Mean difference between the joint angles of left and right.", examples=[4.1]
    )
    steadiness_cm: float | None = Field(
        description="Amplitude of the hips' tremor against the hands, for a person of 1.72 m.",
        examples=[0.6],
    )
    assumed: bool = Field(description="Whether the pose's ideal line is a working assumption.")


class HoldScoreOut(ScoreOut):
    """A hold and its score."""

    number: int = Field(ge=1, examples=[1])
    label: str = Field(examples=["front lever"])
    start_s: float = Field(examples=[3.2])
    end_s: float = Field(examples=[6.4])


class ScoresOut(BaseModel):
    """The scores of a video's holds, in chronological order."""

    holds: list[HoldScoreOut]


class SegmentOut(BaseModel):
    """A stretch of time with one label."""

    label: str = Field(
        description="A pose, `uncertain`, `not all in view` or `no person`.",
        examples=["front lever"],
    )
    start_s: float = Field(examples=[3.2])
    end_s: float = Field(examples=[6.4])
    duration_s: float = Field(examples=[3.2])
    confidence: float | None = Field(examples=[0.88])
    hold: bool = Field(description="Whether the pose was held long enough to count as a hold.")
    first_frame: int = Field(ge=0, examples=[80])
    last_frame: int = Field(ge=0, examples=[159])
    score: ScoreOut | None = Field(default=None, description="Left out unless it is a hold.")


class LandmarksOut(BaseModel):
    """One prediction per frame, in order, all by one model."""

    model: ModelFactsOut
    frames: list[FramePredictionOut]
    segments: list[SegmentOut] | None = Field(
        description="Segments of the smoothed predictions; null when no times were given."
    )


class MediaOut(BaseModel):
    """Facts about a video."""

    source: str = Field(examples=["routine.mp4"])
    status: Literal["complete", "truncated", "corrupt"]
    frames: int = Field(ge=0, examples=[1350])
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    duration_s: float = Field(examples=[45.0])
    codec: str = Field(examples=["h264"])
    decode_failures: int = Field(ge=0, examples=[0])
    damaged_frames: int = Field(ge=0, examples=[0])
    repaired_timestamps: int = Field(ge=0, examples=[0])
    people_in_view: int = Field(ge=0, examples=[1])
    time_jumps: int = Field(
        default=0,
        ge=0,
        description="Number of times that the clock of the video jumps, as in joined recordings. "
        "What lies between is left out; no hold spans a jump. Left out if it is 0.",
    )
    slow_motion: float = Field(
        default=1,
        ge=1,
        description="How many times slower than real the video plays. All times are the "
        "performer's; multiply them by this for those of the video. Left out if it is 1.",
    )
    notes: list[str] = Field(
        default=[],
        description="What the owner should know about how the video was read: several videos in "
        "the file, slow motion, HDR, jumps of the clock, frames of another shape. Left out if "
        "there are none.",
    )


class TimelineFrameOut(BaseModel):
    """The prediction for one frame of a video."""

    index: int = Field(ge=0)
    pts_s: float = Field(ge=0, examples=[3.2])
    person: bool
    label: str = Field(
        description="A pose, `uncertain`, `not all in view` or `no person`.",
        examples=["front lever"],
    )
    confidence: float | None = Field(examples=[0.88])
    probabilities: Probabilities | None = Field(examples=[_EXAMPLE_PROBABILITIES])


class TotalOut(BaseModel):
    """The totals of one pose in a video."""

    label: str = Field(examples=["front lever"])
    total_s: float = Field(examples=[5.1])
    holds: int = Field(ge=0, examples=[2])
    longest_hold_s: float = Field(examples=[3.2])


class TimelineOut(BaseModel):
    """The pose in every frame of a video, with segments and totals."""

    media: MediaOut
    model: ModelFactsOut
    frames: list[TimelineFrameOut]
    segments: list[SegmentOut]
    totals: list[TotalOut]


class AnglesOut(BaseModel):
    """Joint angles over time, as the camera sees them."""

    pts_s: list[float] = Field(description="Times in seconds, at most 2000, evenly thinned.")
    angles: dict[str, list[float | None]] = Field(
        description="Angles by joint: 0 to 180 degrees at each time; null without a person.",
        examples=[{"left elbow": [171.3, None], "right elbow": [169.8, None]}],
    )


class HoldMomentOut(BaseModel):
    """A picture of one moment of a hold, with the pose's ideal line beside the real one."""

    moment: Moment
    time_s: float = Field(description="Time in the video, in seconds.", examples=[3.2])
    picture: str = Field(
        description="Path of the picture.",
        examples=["/api/v1/videos/5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10/holds/1/entry.jpg"],
    )


class HoldPhotoOut(BaseModel):
    """A hold and the photo of its steadiest moment."""

    number: int = Field(ge=1, examples=[1])
    label: str = Field(examples=["front lever"])
    start_s: float = Field(examples=[3.2])
    end_s: float = Field(examples=[6.4])
    duration_s: float = Field(examples=[3.2])
    confidence: float | None = Field(examples=[0.88])
    photo_s: float = Field(
        description="Time of the photo in the video, in seconds.", examples=[4.6]
    )
    photo: str = Field(
        description="Path of the photo.",
        examples=["/api/v1/videos/5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10/holds/1.jpg"],
    )
    moments: list[HoldMomentOut] = Field(
        description="Entry, steadiest and last moment; empty for videos of earlier versions."
    )


class HoldPhotosOut(BaseModel):
    """The holds of a video in chronological order, each with its photo."""

    holds: list[HoldPhotoOut]


class ModelOut(ModelFactsOut):
    """The model being served, as described in its file."""

    features: list[str] = Field(description="Names of the features, in their order.")
    metrics: dict[str, Any] = Field(description="Evaluation metrics by name.")
    limits: dict[str, float] = Field(description="Maximum sizes of requests.")
    loaded_at: datetime = Field(
        description="Time at which the model was loaded.", examples=["2026-01-31T18:30:00Z"]
    )
    file_problem: str | None = Field(
        description=(
            "Reason the model file is not the model being served: it was refused or is missing. "
            "null when it is being served."
        )
    )


class HealthOut(BaseModel):
    """The state of the service."""

    status: Literal["live", "ready"]
    detail: str | None = Field(
        default=None, description="A problem that does not stop the service; null if there is none."
    )
