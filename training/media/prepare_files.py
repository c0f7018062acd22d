"""Makes the copies of one recording for labelling and extraction, in a worker."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

import numpy as np

from shared_features.errors import MediaError
from shared_features.media.frames import RgbArray
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from training.recordings.catalog import MIRRORED_PREFIX, Recording
from training.recordings.media_jobs import MediaJob
from training.recordings.media_report import damage_found

PREPARATION_VERSION = 1
"""Part of every key; to be raised when copies change."""

# Suffixes of containers in MP4 format, which is the format of the copies.
_MP4_SUFFIXES = frozenset({".mp4", ".mov", ".m4v"})
_MIRRORED_QUALITY = 95
_PHOTO_FORMATS = {".png": "PNG", ".webp": "WEBP"}


@dataclass(frozen=True)
class Prepared:
    """Facts about a recording whose copies exist.

    Attributes:
        damage: Description of the recording's damage; empty if it is intact.
    """

    damage: str


@dataclass(frozen=True)
class PrepareSettings:
    """Settings of all preparation jobs of a run.

    Attributes:
        folder: Absolute path of the folder for the copies.
        media: Limits for photos and videos.
        mirrored_copy: Whether to make a copy flipped left to right.
        reduction_factor: Divisor of width and height; photos keep their size.
    """

    folder: Path
    media: MediaParams
    mirrored_copy: bool
    reduction_factor: int = 1

    def current(self, job: MediaJob) -> Prepared | None:
        """Facts about a recording if its copies are up to date; else None."""
        try:
            record = json.loads(self.record(job.recording).read_text(encoding="utf-8"))
            known = Prepared(record["damage"]) if record["key"] == job.key else None
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return known if all(path.is_file() for path in outputs(self, job.recording)) else None

    def record(self, recording: Recording) -> Path:
        """Path of the file that records the key of a recording's copies."""
        return self.folder / ".prepared" / f"{recording.filename}.json"


def outputs(settings: PrepareSettings, recording: Recording) -> list[Path]:
    """The paths of a recording's copies: the plain one, then the mirrored one if there is one."""
    name = recording.name
    if recording.kind == "video" and PurePath(name).suffix.lower() not in _MP4_SUFFIXES:
        name = f"{recording.stem}.mp4"
    names = [name]
    # The mirror image of a mirrored recording would be the original again.
    is_mirrored = any(text.startswith(MIRRORED_PREFIX) for text in (name, recording.path.name))
    if settings.mirrored_copy and not is_mirrored:
        names.append(MIRRORED_PREFIX + name)
    return [settings.folder / name for name in names]


def prepare_video(settings: PrepareSettings, job: MediaJob) -> Prepared:
    """Write the smaller copies of a video, in one pass.

    Raises:
        MediaError: The video cannot be read.
        OSError: The copies cannot be written.
    """
    known = settings.current(job)
    if known is not None:
        return known
    _forget(settings, job)
    with VideoReader(job.recording.path, settings.media) as reader, ExitStack() as stack:
        width_px, height_px = reduced_size(
            reader.info.width, reader.info.height, settings.reduction_factor
        )
        writers = [
            stack.enter_context(VideoWriter(path, width_px, height_px))
            for path in outputs(settings, job.recording)
        ]
        plain, *mirrored = writers
        for frame in reader.frames():
            rgb = _resized(frame.rgb, width_px, height_px)
            plain.write(rgb, frame.pts_s)
            for writer in mirrored:
                writer.write(rgb[:, ::-1], frame.pts_s)
    return _remember(settings, job, Prepared(damage_found(asdict(reader.verdict))))


def prepare_photo(settings: PrepareSettings, job: MediaJob) -> Prepared:
    """Copy a photo byte for byte, and write its mirror image if set.

    Raises:
        MediaError: The photo cannot be read.
        OSError: The copies cannot be written.
    """
    known = settings.current(job)
    if known is not None:
        return known
    source = job.recording.path
    # Decoded in any case, so that an unreadable photo is reported now, not three stages later.
    upright = read_photo(source, settings.media).rgb
    try:
        content = source.read_bytes()
    except OSError as error:
        raise MediaError(f"{source.name} cannot be read ({error.strerror}).") from error
    _forget(settings, job)
    plain, *mirrored = outputs(settings, job.recording)
    with atomic_write(plain) as temporary:
        temporary.write_bytes(content)
    for path in mirrored:
        _write_photo(upright[:, ::-1], path)
    return _remember(settings, job, Prepared(damage=""))


def reduced_size(width_px: int, height_px: int, factor: int) -> tuple[int, int]:
    """Width and height divided by a factor and made even, as H.264 requires; unchanged for 1."""
    if factor == 1:
        return width_px, height_px
    even_width, even_height = (
        max(2, round(length_px / factor / 2) * 2) for length_px in (width_px, height_px)
    )
    return even_width, even_height


def _resized(rgb: RgbArray, width_px: int, height_px: int) -> RgbArray:
    if rgb.shape[:2] == (height_px, width_px):
        return rgb
    import cv2

    # Averaging all pixels of the source keeps thin straps from flickering.
    return np.asarray(
        cv2.resize(rgb, (width_px, height_px), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _write_photo(rgb: RgbArray, path: Path) -> None:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(rgb))
    with atomic_write(path) as temporary:
        match _PHOTO_FORMATS.get(path.suffix.lower(), "JPEG"):
            case "PNG":
                image.save(temporary, "PNG")
            case "WEBP":
                image.save(temporary, "WEBP", quality=_MIRRORED_QUALITY)
            case _:
                # No chroma subsampling.
                image.save(temporary, "JPEG", quality=_MIRRORED_QUALITY, subsampling=0)


def _forget(settings: PrepareSettings, job: MediaJob) -> None:
    """Mark the copies as outdated, until ``_remember`` is called."""
    settings.record(job.recording).unlink(missing_ok=True)


def _remember(settings: PrepareSettings, job: MediaJob, prepared: Prepared) -> Prepared:
    record = settings.record(job.recording)
    record.parent.mkdir(exist_ok=True)
    with atomic_write(record) as temporary:
        temporary.write_text(
            json.dumps({"key": job.key, "damage": prepared.damage}) + "\n", encoding="utf-8"
        )
    return prepared
