"""``params.yaml``: typed, checked as a whole, unknown keys rejected with the nearest known one.

The sections that both sides read are described here; ``training.params`` and ``serving.settings``
describe their own section and load it through the same function.
"""

import difflib
import os
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared_features.errors import ParamsError

PARAMS_VARIABLE = "STRAPS_PARAMS"
PROJECT_ROOT = Path(__file__).resolve().parents[1]

PersonPolicy = Literal["followed", "largest", "central"]


class Section(BaseModel):
    """A frozen group of settings that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MediaParams(Section):
    """What a photo or video may be at most."""

    max_photo_pixels: int = Field(gt=0)
    max_video_pixels: int = Field(gt=0)
    max_duration_s: float = Field(gt=0)


class PoseParams(Section):
    """How landmarks are found."""

    model_path: Path | None
    person_policy: PersonPolicy
    max_people: int = Field(ge=2, le=10)
    min_detection_confidence: float = Field(ge=0, le=1)
    min_tracking_confidence: float = Field(ge=0, le=1)
    chunk_frames: int = Field(ge=2)
    warmup_frames: int = Field(ge=0)
    max_fps: float | None = Field(gt=0)
    still_fps: float | None = Field(gt=0)

    @model_validator(mode="after")
    def _warm_up_fits(self) -> "PoseParams":
        if self.warmup_frames >= self.chunk_frames:
            raise ValueError("warmup_frames must be smaller than chunk_frames")
        return self


class FeatureParams(Section):
    """Which features are computed, with which margins."""

    groups: tuple[Literal["angles", "spatial", "body", "facing"], ...]
    spatial_margin: float = Field(ge=0, le=1)
    head_shoulder_margin: float = Field(ge=0, le=1)


class TimelineParams(Section):
    """How probabilities over time become stable labels, segments and holds."""

    smoothing_s: float = Field(ge=0)
    enter_confidence: float = Field(ge=0, le=1)
    exit_confidence: float = Field(ge=0, le=1)
    max_gap_s: float = Field(gt=0)
    min_hold_s: float = Field(ge=0)

    @model_validator(mode="after")
    def _enter_is_harder(self) -> "TimelineParams":
        if self.enter_confidence < self.exit_confidence:
            raise ValueError("enter_confidence must not be below exit_confidence")
        return self


class LabelParams(Section):
    """The poses: what they are called, and which of them is not a pose at all."""

    poses: tuple[str, ...] = Field(min_length=1)
    other: str


class SharedParams(Section):
    """The sections of ``params.yaml`` that training and serving both read."""

    labels: LabelParams
    media: MediaParams
    pose: PoseParams
    features: FeatureParams
    timeline: TimelineParams


S = TypeVar("S", bound=Section)
OwnSection = Literal["training", "serving"]


def params_path() -> Path:
    """``$STRAPS_PARAMS`` if set, else ``params.yaml`` here, else the project's own."""
    if os.environ.get(PARAMS_VARIABLE):
        return Path(os.environ[PARAMS_VARIABLE])
    here = Path("params.yaml")
    return here if here.is_file() else PROJECT_ROOT / "params.yaml"


def load_shared(path: Path | None = None) -> SharedParams:
    """The shared sections of ``params.yaml``.

    Raises:
        ParamsError: naming every key and value that is not understood.
    """
    params = path or params_path()
    shared = _validated(SharedParams, params, own=None)
    if shared.pose.model_path is None:
        return shared
    model_path = relative_to_params(shared.pose.model_path, params)
    pose = shared.pose.model_copy(update={"model_path": model_path})
    return shared.model_copy(update={"pose": pose})


def load_section(model: type[S], own: OwnSection, path: Path | None = None) -> S:
    """The ``training`` or ``serving`` section of ``params.yaml``.

    Raises:
        ParamsError: naming every key and value that is not understood.
    """
    return _validated(model, path or params_path(), own=own)


def relative_to_params(path: Path, params: Path | None = None) -> Path:
    """A path of ``params.yaml`` as the file means it: relative to the file's own folder."""
    return path if path.is_absolute() else (params or params_path()).resolve().parent / path


@cache
def _read(path: Path, modified_ns: int) -> dict[str, Any]:
    del modified_ns  # part of the cache key: an edited file is read again
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"Cannot read {path} as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must hold sections with keys, got {type(content).__name__}.")
    return content


def _validated(model: type[S], path: Path, own: OwnSection | None) -> S:
    if not path.is_file():
        raise ParamsError(
            f"There is no {path}. Run in the project's folder, or set {PARAMS_VARIABLE} to the "
            "path of a params.yaml."
        )
    content = _read(path, path.stat().st_mtime_ns)
    if own is not None:
        values, prefix = content.get(own) or {}, f"{own}."
    else:
        sections = get_args(OwnSection)
        values, prefix = {k: v for k, v in content.items() if k not in sections}, ""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [f"  {_problem(model, prefix, details)}" for details in error.errors()]
        raise ParamsError(f"{path} is not understood:\n" + "\n".join(problems)) from error


def _problem(model: type[BaseModel], prefix: str, details: Any) -> str:
    location = [str(part) for part in details["loc"]]
    key = prefix + ".".join(location)
    if details["type"] == "extra_forbidden":
        known = list(_fields_at(model, location[:-1]))
        near = difflib.get_close_matches(location[-1], known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return f"`{key}` is not a known key; {hint}"
    if details["type"] == "missing":
        return f"`{key}` is missing"
    return f"`{key}` is {details['input']!r}: {details['msg'].lower()}"


def _fields_at(model: type[BaseModel], location: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = dict(model.model_fields)
    for part in location:
        nested = fields[part].annotation if part in fields else None
        if not (isinstance(nested, type) and issubclass(nested, BaseModel)):
            return {}
        fields = dict(nested.model_fields)
    return fields
