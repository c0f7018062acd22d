"""The ``serving`` section of ``params.yaml``, with the few overrides that containers need."""

import os
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from serving.observability.logs import LogFormat
from shared_features.errors import ParamsError
from shared_features.params import (
    Section,
    SharedParams,
    load_section,
    load_shared,
    relative_to_params,
)

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
# Environment variables that take precedence over a key of the section.
ENVIRONMENT: dict[str, str] = {
    "STRAPS_HOST": "host",
    "STRAPS_PORT": "port",
    "STRAPS_DATA_DIR": "data_dir",
    "STRAPS_STORE": "store",
    "STRAPS_ROLE": "role",
    "STRAPS_DATABASE_URL": "database_url",
    "STRAPS_ROOT_PATH": "root_path",
    "STRAPS_ALLOWED_HOSTS": "allowed_hosts",
    "STRAPS_TRUSTED_PROXIES": "trusted_proxies",
    "STRAPS_LOG_FORMAT": "log_format",
}
# Their values are separated by commas.
_LISTS = frozenset({"allowed_hosts", "trusted_proxies"})


def _network(address: str) -> str:
    try:
        ip_network(address, strict=False)
    except ValueError as error:
        raise ValueError(f"{address!r} is not an IP address or a network") from error
    return address


Network = Annotated[str, AfterValidator(_network)]


class LiveParams(Section):
    """Settings of live sessions; ``params.yaml`` explains every key."""

    max_sessions: int = Field(ge=1, le=256)
    max_frame_kb: int = Field(ge=16, le=65536)
    max_pixels: int = Field(ge=4096)
    frame_timeout_s: float = Field(default=5.0, gt=0)
    idle_timeout_s: float = Field(gt=0)
    send_timeout_s: float = Field(gt=0)
    max_fps: float = Field(default=40.0, gt=0)
    max_sessions_per_client: int = Field(default=3, ge=1)
    landmark_min_cutoff_hz: float = Field(gt=0)
    landmark_beta: float = Field(ge=0)

    @property
    def max_frame_bytes(self) -> int:
        """Maximum size of a websocket message."""
        return self.max_frame_kb * 1024


# What a service does: answer clients, work on their videos, or both.
ObjectStoreUrl = Annotated[str, Field(pattern="^[a-z0-9]+://")]
Role = Literal["all", "web", "worker"]
OverlayPart = Literal["skeleton", "pose", "confidence", "clock", "ribbon", "score"]
Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
# The presets of x264, except the slowest: its files are hardly smaller and take far longer.
Preset = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
]


class OverlayParams(Section):
    """Settings of the overlay video and images; ``params.yaml`` explains every key."""

    parts: frozenset[OverlayPart]
    colours: tuple[Colour, ...] = Field(min_length=1)
    other_colour: Colour
    skeleton: Literal["pose", "sides"]
    text_scale: float = Field(ge=0.25, le=4)
    line_scale: float = Field(ge=0.25, le=4)
    font: Path | None
    smoothing_s: float = Field(ge=0, le=1)
    max_side_px: int = Field(ge=64, le=8192)
    quality: int = Field(ge=0, le=51)
    preset: Preset
    photo_quality: int = Field(ge=1, le=100)


class ServingParams(Section):
    """Settings of the service; ``params.yaml`` explains every key."""

    model_path: Path
    data_dir: Path
    store: Path | ObjectStoreUrl | None = None
    role: Role = "all"
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    log_format: LogFormat = "text"
    access_log: bool = False
    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    allowed_hosts: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    tokens_file: Path | None = None
    proxy_user_header: Annotated[str, Field(pattern="^[A-Za-z0-9-]+$")] | None = None
    proxy_admins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ("127.0.0.1", "::1")
    max_requests_per_s: float = Field(default=100.0, gt=0)
    max_uploads_per_client: int = Field(default=4, ge=1)
    max_photos_per_client: int = Field(default=8, ge=1)
    max_connections: int = Field(default=800, ge=8)
    max_connections_per_address: int = Field(default=200, ge=1)
    header_timeout_s: float = Field(default=10.0, gt=0)
    database_url: str | None
    max_upload_mb: float = Field(gt=0)
    max_photo_mb: float = Field(gt=0)
    max_landmark_frames: int = Field(gt=0)
    max_landmarks_mb: float = Field(gt=0)
    upload_timeout_s: float = Field(gt=0)
    upload_idle_timeout_s: float = Field(gt=0)
    upload_min_kb_per_s: float = Field(default=4.0, ge=0)
    analysis_workers: int = Field(ge=1, le=64)
    analysis_threads: int | None = Field(ge=1, le=256)
    stall_timeout_s: float = Field(default=300.0, gt=0)
    max_queued_jobs: int = Field(ge=1)
    keep_days: float | None = Field(default=None, gt=0)
    max_data_gb: float | None = Field(default=None, gt=0)
    max_cache_gb: float = Field(default=20.0, gt=0)
    min_free_mb: float = Field(default=200.0, ge=0)
    photo_workers: int = Field(ge=1, le=64)
    max_waiting_photos: int = Field(ge=0)
    photo_timeout_s: float = Field(default=20.0, gt=0)
    demo_video: Path
    live: LiveParams
    overlay: OverlayParams

    @property
    def max_data_bytes(self) -> int | None:
        """Size of all videos' folders that the oldest make way for; None: no limit."""
        return None if self.max_data_gb is None else int(self.max_data_gb * GIBIBYTE)

    @property
    def max_cache_bytes(self) -> int:
        """Size of all copies of videos from an object store."""
        return int(self.max_cache_gb * GIBIBYTE)

    @property
    def min_free_bytes(self) -> int:
        """Number of bytes that uploads leave free on the disk of the data folder."""
        return int(self.min_free_mb * MEBIBYTE)


@dataclass(frozen=True)
class Settings:
    """All settings of the service, with absolute paths.

    Attributes:
        serving: Section of the service.
        shared: Sections that training also reads.
    """

    serving: ServingParams
    shared: SharedParams


def load_settings(params: Path | None = None) -> Settings:
    """Load the settings from ``params.yaml`` and the environment, which takes precedence.

    Raises:
        ParamsError: Names every key, value and variable that is not valid.
    """
    serving = _overridden(load_section(ServingParams, "serving", params))
    shared = load_shared(params)
    paths = {
        key: relative_to_params(getattr(serving, key), params)
        for key in ("model_path", "data_dir", "demo_video")
    }
    if serving.store is not None:
        if isinstance(serving.store, Path):
            paths["store"] = relative_to_params(serving.store, params)
        if not (serving.database_url or "").startswith("postgresql"):
            raise ParamsError(
                "`serving.store` is for services that share their work, so they need a PostgreSQL "
                "database as well (`serving.database_url`, or STRAPS_DATABASE_URL)."
            )
    elif serving.role != "all":
        raise ParamsError(
            f"`serving.role` is {serving.role}, but this service shares no work: set "
            "`serving.store` and `serving.database_url`, or use the role all."
        )
    if serving.tokens_file is not None:
        paths["tokens_file"] = relative_to_params(serving.tokens_file, params)
    if shared.pose.model_path is not None:
        model_path = relative_to_params(shared.pose.model_path, params)
        pose = shared.pose.model_copy(update={"model_path": model_path})
        shared = shared.model_copy(update={"pose": pose})
    overlay = serving.overlay
    if overlay.font is not None:
        font = relative_to_params(overlay.font, params)
        overlay = overlay.model_copy(update={"font": font})
    return Settings(serving.model_copy(update=paths | {"overlay": overlay}), shared)


def _overridden(params: ServingParams) -> ServingParams:
    values: dict[str, str | list[str]] = {
        key: os.environ[variable]
        for variable, key in ENVIRONMENT.items()
        if os.environ.get(variable)
    }
    for key, value in values.items():
        if key in _LISTS:
            values[key] = [part.strip() for part in str(value).split(",")]
        elif key in ("data_dir", "store") and "://" not in str(value):
            # As in a shell, a relative path starts at the current folder.
            values[key] = str(Path(str(value)).absolute())
    try:
        return ServingParams.model_validate(params.model_dump() | values)
    except ValidationError as error:
        variables = {key: variable for variable, key in ENVIRONMENT.items()}
        problems = "; ".join(
            f"{variables[str(e['loc'][0])]} is {e['input']!r}: {e['msg'].lower()}"
            for e in error.errors()
        )
        raise ParamsError(f"Invalid environment variables: {problems}.") from error
