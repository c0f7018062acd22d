"""Requests for comparisons and their results, as the API describes them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from serving.comparisons.record import ComparisonState

_EXAMPLE_IDS = ["5f0c3d9c3a2b4e0b9d1a5a3f2a7c6e10"]
MAX_SPLITS = 500


class ComparisonIn(BaseModel):
    """Two analysed videos to be compared."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(
        description="ID of the video that sets the time.", examples=_EXAMPLE_IDS, max_length=100
    )
    target: str = Field(
        description="ID of the video to be put in step with it.",
        examples=_EXAMPLE_IDS,
        max_length=100,
    )
    splits: list[float] | None = Field(
        default=None,
        description=(
            "Key moments of the reference in seconds, rising. null: the starts of its holds."
        ),
        max_length=MAX_SPLITS,
        examples=[[3.2, 8.5]],
    )


class ComparisonOut(BaseModel):
    """A comparison and its progress."""

    id: str = Field(examples=_EXAMPLE_IDS)
    reference: str = Field(description="ID of the reference.", examples=_EXAMPLE_IDS)
    target: str = Field(description="ID of the target.", examples=_EXAMPLE_IDS)
    reference_source: str = Field(description="Name of the reference.", examples=["may.mp4"])
    target_source: str = Field(description="Name of the target.", examples=["june.mp4"])
    status: ComparisonState = Field(examples=["done"])
    created_at: datetime = Field(examples=["2026-01-31T18:30:00Z"])
    frames_done: int = Field(ge=0, description="Number of frames drawn.", examples=[412])
    problem: str | None = Field(description="Reason for the failure; null unless it failed.")
    links: dict[str, str] = Field(description="Paths of the comparison and its results.")


class ComparisonListOut(BaseModel):
    """The comparisons, newest first."""

    comparisons: list[ComparisonOut]


class FitOut(BaseModel):
    """How well two recordings fit."""

    confidence: float = Field(description="Probability that they show the same routine.")
    distance: float = Field(description="Distance along the path; 1 is that of random moments.")
    kendall_tau: float = Field(description="Order of moments that look most alike; 1: the same.")


class SplitOut(BaseModel):
    """A key moment of the reference in the target."""

    number: int = Field(ge=1)
    reference_s: float
    target_s: float | None = Field(description="null if it was not found.")
    late_s: float | None = Field(description="Negative if the target is early.")
    confidence: float = Field(ge=0, le=1)
    found: bool
    reason: str | None = Field(description="Why it was not found.")


class CurveOut(BaseModel):
    """The course of time and pose over the reference; null where the target has no such moment."""

    reference_s: list[float]
    target_s: list[float | None]
    late_s: list[float | None]
    pose_difference_deg: list[float | None]


class ComparisonResultOut(BaseModel):
    """What was found about two recordings."""

    reference: str = Field(description="Name of the reference.")
    target: str = Field(description="Name of the target.")
    same_routine: bool
    fit: FitOut
    mirrored: bool = Field(description="Whether the target was flipped left to right to fit.")
    splits: list[SplitOut]
    reference_duration_s: float
    target_duration_s: float
    pose_difference_deg: float | None = Field(description="Mean over the whole reference.")
    curve: CurveOut
