"""What the API takes and gives, as it is described in its OpenAPI document."""

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.jobs import JobState, OverlayState
from shared_features.landmarks.landmarks import LANDMARK_COUNT

# Far outside any picture or person, and far inside what float32 can hold.
Coordinate = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]
ImagePoint = Annotated[list[Coordinate], Field(min_length=2, max_length=4)]
WorldPoint = Annotated[list[Coordinate], Field(min_length=3, max_length=3)]
ImagePoints = Annotated[
    list[ImagePoint], Field(min_length=LANDMARK_COUNT, max_length=LANDMARK_COUNT)
]
WorldPoints = Annotated[
    list[WorldPoint], Field(min_length=LANDMARK_COUNT, max_length=LANDMARK_COUNT)
]
Probabilities = dict[str, Annotated[float, Field(ge=0, le=1)]]

_EXAMPLE_PROBABILITIES = {"front lever": 0.91, "other pose or transition": 0.09}


class ProblemOut(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no video '0123'. It may have been deleted."])
    instance: str = Field(examples=["/api/v1/videos/0123"])


class AnswerOut(BaseModel):
    """What the model says about one frame."""

    person: bool = Field(description="Whether a person was found.")
    label: str | None = Field(
        description="The likeliest pose, also when it is uncertain; null without a person.",
        examples=["front lever"],
    )
    uncertain: bool = Field(
        description="Whether even the likeliest pose is less probable than a pose must be to begin."
    )
    confidence: float | None = Field(
        ge=0, le=1, description="Its probability; null without a person.", examples=[0.91]
    )
    probabilities: Probabilities | None = Field(
        description="Of every pose; null without a person.", examples=[_EXAMPLE_PROBABILITIES]
    )


class ModelFactsOut(BaseModel):
    """Which model gave the answers."""

    sha256: str
    labels: list[str]
    other: str
    features_version: int
    features_hash: str
    training: dict[str, Any]


class ImageLandmark(BaseModel):
    """A point in the picture."""

    x: float = Field(description="Fraction of the width, from the left.")
    y: float = Field(description="Fraction of the height, from the top.")
    z: float = Field(description="Depth, scaled like x; smaller is nearer to the camera.")
    visibility: float = Field(description="0 to 1: whether it is in view and not hidden.")
    presence: float = Field(description="0 to 1: whether it is in the picture.")


class WorldLandmark(BaseModel):
    """A point in space."""

    x: float = Field(description="Metres to the right of the middle of the hips.")
    y: float = Field(description="Metres below the middle of the hips.")
    z: float = Field(description="Metres behind the middle of the hips.")


class LandmarkOut(BaseModel):
    """One of the 33 landmarks. Left and right are the performer's own."""

    name: str = Field(examples=["LEFT_WRIST"])
    image: ImageLandmark
    world: WorldLandmark


class PhotoOut(AnswerOut):
    """The pose of a photo."""

    source: str = Field(description="The file name that was sent.", examples=["lever.jpg"])
    width: int = Field(description="Of the upright photo, in pixels.", examples=[1200])
    height: int = Field(examples=[800])
    people_in_view: int = Field(ge=0, examples=[1])
    model: ModelFactsOut
    landmarks: list[LandmarkOut] | None = Field(
        description="All 33, in the order of their numbers; null without a person."
    )


class OverlayOut(BaseModel):
    """How far the video with the poses drawn on it is, and the pictures that are made with it."""

    status: OverlayState = Field(examples=["rendering"])
    frames_done: int = Field(ge=0, examples=[120])
    problem: str | None = Field(description="Why it failed; null unless it has.")


class JobOut(BaseModel):
    """An uploaded video and how far its analysis is."""

    id: str = Field(examples=["5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10"])
    source: str = Field(description="The file name that was sent.", examples=["routine.mp4"])
    status: JobState = Field(examples=["processing"])
    created_at: datetime = Field(examples=["2026-01-31T18:30:00Z"])
    frames_done: int = Field(ge=0, examples=[412])
    frames_total: int | None = Field(
        description="As announced by the video; null when it says nothing.", examples=[1350]
    )
    problem: ProblemOut | None = Field(description="Why it failed; null unless it has.")
    overlay: OverlayOut | None = Field(
        description="The overlay and the pictures, made once the timeline is there; null before."
    )
    links: dict[str, str] = Field(
        description=(
            "Where to go on: self, media and, once they are there, timeline, angles, overlay, "
            "summary and holds."
        ),
        examples=[{"self": "/api/v1/videos/5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10"}],
    )


class JobListOut(BaseModel):
    """Every video, the newest first."""

    videos: list[JobOut]


class LandmarkFrameIn(BaseModel):
    """The landmarks of one frame."""

    model_config = ConfigDict(extra="forbid")

    image: ImagePoints | None = Field(
        description=(
            "33 points [x, y, z?, visibility?] in the order of MediaPipe Pose: x and y as "
            "fractions of the upright frame. null: there is no person in the frame."
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
        description="Time in seconds. Given for all frames or for none, strictly rising.",
    )


class LandmarksIn(BaseModel):
    """Landmarks that a client has computed itself."""

    model_config = ConfigDict(
        extra="forbid",
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

    width: int = Field(ge=1, le=100_000, description="Of the upright frames, in pixels.")
    height: int = Field(ge=1, le=100_000)
    frames: list[LandmarkFrameIn] = Field(min_length=1)

    @model_validator(mode="after")
    def _times_are_whole(self) -> "LandmarksIn":
        times = [frame.pts_s for frame in self.frames if frame.pts_s is not None]
        if times and len(times) != len(self.frames):
            raise ValueError("pts_s must be given for all frames or for none")
        if any(b <= a for a, b in pairwise(times)):
            raise ValueError("pts_s must strictly rise from frame to frame")
        return self


class FrameAnswerOut(AnswerOut):
    """The answer for one frame of landmarks."""

    index: int = Field(ge=0)
    pts_s: float | None


class SegmentOut(BaseModel):
    """A stretch of time with one answer."""

    label: str = Field(description="A pose, `uncertain` or `no person`.", examples=["front lever"])
    start_s: float = Field(examples=[3.2])
    end_s: float = Field(examples=[6.4])
    duration_s: float = Field(examples=[3.2])
    confidence: float | None = Field(examples=[0.88])
    hold: bool = Field(description="Whether it is a pose that was held long enough to count.")
    first_frame: int = Field(ge=0, examples=[80])
    last_frame: int = Field(ge=0, examples=[159])


class LandmarksOut(BaseModel):
    """An answer for each frame, in order, all by one model."""

    model: ModelFactsOut
    frames: list[FrameAnswerOut]
    segments: list[SegmentOut] | None = Field(
        description="The smoothed answers over time; null when no times were given."
    )


class MediaOut(BaseModel):
    """The facts about a video."""

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


class TimelineFrameOut(BaseModel):
    """The answer for one frame of a video."""

    index: int = Field(ge=0)
    pts_s: float = Field(ge=0, examples=[3.2])
    person: bool
    label: str = Field(description="A pose, `uncertain` or `no person`.", examples=["front lever"])
    confidence: float | None = Field(examples=[0.88])
    probabilities: Probabilities | None = Field(examples=[_EXAMPLE_PROBABILITIES])


class TotalOut(BaseModel):
    """What a video holds of one pose."""

    label: str = Field(examples=["front lever"])
    total_s: float = Field(examples=[5.1])
    holds: int = Field(ge=0, examples=[2])
    longest_hold_s: float = Field(examples=[3.2])


class TimelineOut(BaseModel):
    """Which pose in every frame of a video, and what follows from it."""

    media: MediaOut
    model: ModelFactsOut
    frames: list[TimelineFrameOut]
    segments: list[SegmentOut]
    totals: list[TotalOut]


class AnglesOut(BaseModel):
    """Joint angles over time, as the camera sees them."""

    pts_s: list[float] = Field(description="Times; at most 2000, thinned evenly.")
    angles: dict[str, list[float | None]] = Field(
        description="By joint: 0 to 180 degrees at each time; null without a person.",
        examples=[{"left elbow": [171.3, None], "right elbow": [169.8, None]}],
    )


class HoldPhotoOut(BaseModel):
    """A hold and the photo of its steadiest moment."""

    number: int = Field(ge=1, examples=[1])
    label: str = Field(examples=["front lever"])
    start_s: float = Field(examples=[3.2])
    end_s: float = Field(examples=[6.4])
    duration_s: float = Field(examples=[3.2])
    confidence: float | None = Field(examples=[0.88])
    photo_s: float = Field(description="When the photo was taken.", examples=[4.6])
    photo: str = Field(
        description="Where it is.",
        examples=["/api/v1/videos/5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10/holds/1.jpg"],
    )


class HoldPhotosOut(BaseModel):
    """The holds of a video in order of time, each with its photo."""

    holds: list[HoldPhotoOut]


class ModelOut(ModelFactsOut):
    """The model that is served, as it describes itself."""

    features: list[str] = Field(description="Names of the features, in order.")
    metrics: dict[str, Any] = Field(description="How well it did, by name.")
    limits: dict[str, float] = Field(description="What may be sent at most.")
    loaded_at: datetime = Field(
        description="Since when it is served.", examples=["2026-01-31T18:30:00Z"]
    )
    file_problem: str | None = Field(
        description=(
            "Why the model file is not the model that is served: it was refused, or is gone. null "
            "when it is."
        )
    )


class HealthOut(BaseModel):
    """The service is there."""

    status: Literal["live", "ready"]
    detail: str | None = Field(
        default=None, description="What is wrong although it can answer; null when nothing is."
    )
