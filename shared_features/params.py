"""``params.yaml``: typed and validated as a whole; unknown keys are rejected with a suggestion.

The sections that training and serving share are described here. ``training.params`` and
``serving.settings`` describe their own section and load it through the same function.
"""

import difflib
import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared_features.errors import ParamsError

PARAMS_VARIABLE = "STRAPS_PARAMS"
PROJECT_ROOT = Path(__file__).resolve().parents[1]

PersonPolicy = Literal["followed", "largest", "central"]
PoseNetwork = Literal["lite", "full", "heavy"]


class Section(BaseModel):
    """A frozen group of settings that rejects unknown keys.

    Attributes:
        renamed: New names of renamed settings, by old name. The old name keeps working, with a
            message, until its entry is removed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    renamed: ClassVar[Mapping[str, str]] = MappingProxyType({})


class MediaParams(Section):
    """Limits on the size and duration of photos and videos."""

    max_photo_pixels: int = Field(gt=0)
    max_video_pixels: int = Field(gt=0)
    # OpenCV, inside MediaPipe, aborts the process at 32,767.
    max_side_pixels: int = Field(default=32_000, gt=0, le=32_766)
    max_duration_s: float = Field(gt=0)


class PoseParams(Section):
    """How landmarks are found."""

    model_path: Path | None
    network: PoseNetwork = "full"
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

    groups: tuple[Literal["angles", "spatial", "body", "facing", "torso"], ...]
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


class FaultCost(Section):
    """What one kind of fault costs: nothing up to ``free``, ``points`` from ``full`` on."""

    free: float = Field(ge=0)
    full: float = Field(gt=0)
    points: float = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _full_is_more(self) -> "FaultCost":
        if self.full <= self.free:
            raise ValueError("full must be above free")
        return self


def _cost(free: float, full: float, points: float) -> FaultCost:
    return FaultCost(free=free, full=full, points=points)


class CodeOfPoints(Section):
    """The faults of a hold and what they cost; degrees, centimetres and seconds."""

    hips: FaultCost = _cost(5, 35, 40)
    tilt: FaultCost = _cost(6, 30, 30)
    knees: FaultCost = _cost(12, 60, 25)
    elbows: FaultCost = _cost(12, 60, 20)
    uneven: FaultCost = _cost(10, 40, 15)
    shake: FaultCost = _cost(1.5, 8, 20)
    late: FaultCost = _cost(0.4, 2, 15)


class MovementParams(Section):
    """A movement whose repetitions are counted: which joint bends, and how far."""

    joint: Literal["elbow", "shoulder", "hip", "knee"]
    up_deg: float = Field(gt=0, le=180)
    down_deg: float = Field(ge=0, lt=180)
    deep_deg: float = Field(ge=0, lt=180)
    depth: FaultCost = _cost(5, 40, 60)
    uneven: FaultCost = _cost(12, 40, 20)

    @model_validator(mode="after")
    def _up_is_above_down(self) -> "MovementParams":
        if self.up_deg <= self.down_deg:
            raise ValueError("up_deg must be above down_deg")
        return self


_MOVEMENTS: Mapping[str, MovementParams] = MappingProxyType(
    {
        "squat": MovementParams(joint="knee", up_deg=155, down_deg=115, deep_deg=90),
        "push-up": MovementParams(joint="elbow", up_deg=140, down_deg=105, deep_deg=90),
        "leg raise": MovementParams(joint="hip", up_deg=150, down_deg=115, deep_deg=90),
    }
)


class ScoringParams(Section):
    """How holds get points, and when they get none."""

    min_visibility: float = Field(default=0.5, ge=0, le=1)
    min_seen: float = Field(default=0.6, gt=0, le=1)
    code: CodeOfPoints = CodeOfPoints()
    movements: dict[str, MovementParams] = Field(default_factory=lambda: dict(_MOVEMENTS))


class LabelParams(Section):
    """Names of the poses, and the label for everything that is not a pose."""

    poses: tuple[str, ...] = Field(min_length=1)
    other: str


class SharedParams(Section):
    """The sections of ``params.yaml`` that training and serving both read."""

    labels: LabelParams
    media: MediaParams
    pose: PoseParams
    features: FeatureParams
    timeline: TimelineParams
    scoring: ScoringParams = ScoringParams()


_LOG = logging.getLogger(__name__)
S = TypeVar("S", bound=Section)
OwnSection = Literal["training", "serving"]


def params_path() -> Path:
    """``$STRAPS_PARAMS`` if set, else ``params.yaml`` in the current folder or the project's."""
    if os.environ.get(PARAMS_VARIABLE):
        return Path(os.environ[PARAMS_VARIABLE])
    here = Path("params.yaml")
    return here if here.is_file() else PROJECT_ROOT / "params.yaml"


def load_shared(path: Path | None = None) -> SharedParams:
    """The shared sections of ``params.yaml``.

    Raises:
        ParamsError: a key or a value is wrong; the message lists all of them.
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
        ParamsError: a key or a value is wrong; the message lists all of them.
    """
    return _validated(model, path or params_path(), own=own)


def relative_to_params(path: Path, params: Path | None = None) -> Path:
    """A path from ``params.yaml``, which is relative to the folder of that file."""
    return path if path.is_absolute() else (params or params_path()).resolve().parent / path


@cache
def _read(path: Path, modified_ns: int) -> dict[str, Any]:
    del modified_ns  # part of the cache key: an edited file is read again
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"Cannot read {path} as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must contain sections with keys, got {type(content).__name__}.")
    return content


def _validated(model: type[S], path: Path, own: OwnSection | None) -> S:
    if not path.is_file():
        raise ParamsError(
            f"There is no {path}. Run this in the project's folder, or set {PARAMS_VARIABLE} to "
            "the path of a params.yaml."
        )
    content = _read(path, path.stat().st_mtime_ns)
    if own is not None:
        values, prefix = content.get(own) or {}, f"{own}."
    else:
        sections = get_args(OwnSection)
        values, prefix = {k: v for k, v in content.items() if k not in sections}, ""
    problems: list[str] = []
    values = _with_current_names(model, values, path, prefix, problems)
    section = None
    try:
        section = model.model_validate(values)
    except ValidationError as error:
        problems += [_problem(model, prefix, details) for details in error.errors()]
    if section is None or problems:
        raise ParamsError(f"{path} is not valid:\n" + "\n".join(f"  {line}" for line in problems))
    return section


def _with_current_names(
    model: type[Section], values: Any, path: Path, prefix: str, problems: list[str]
) -> Any:
    """The values under the current names of their settings, in nested sections as well."""
    if not isinstance(values, dict):
        return values
    current = {}
    for key, value in values.items():
        name = model.renamed.get(key, key)
        if name != key and name in values:
            problems.append(
                f"`{prefix}{key}` is the old name of `{prefix}{name}`, which is also there; "
                f"remove `{key}`"
            )
            continue
        if name != key:
            _report_renamed(path, f"{prefix}{key}", name)
        nested = _nested(model, name)
        if nested is not None:
            value = _with_current_names(nested, value, path, f"{prefix}{name}.", problems)
        current[name] = value
    return current


@cache  # a file is loaded several times in a process; one message is enough
def _report_renamed(path: Path, key: str, name: str) -> None:
    _LOG.warning(
        "%s: `%s` is now called `%s`. The old name still works in this version; change it before "
        "the next one.",
        path,
        key,
        name,
    )


def _nested(model: type[BaseModel], name: str) -> type[Section] | None:
    """The section that a setting holds, if it holds one."""
    field = model.model_fields.get(name)
    annotation = None if field is None else field.annotation
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return None


def _problem(model: type[Section], prefix: str, details: Any) -> str:
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


def _fields_at(model: type[Section], location: list[str]) -> dict[str, Any]:
    section: type[Section] | None = model
    for part in location:
        section = None if section is None else _nested(section, part)
    return {} if section is None else dict(section.model_fields)
