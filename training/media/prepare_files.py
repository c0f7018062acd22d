"""One recording to its copies for labelling and extraction: what a worker does."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

import numpy as np

from shared_features.errors import MediaError
from shared_features.media.frames import RgbArray
from shared_features.media.photos import read_photo
from shared_features.media.reader import VideoReader
from shared_features.media.writer import VideoWriter
from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from training.recordings.catalog import MIRRORED_PREFIX, Recording
from training.recordings.media_jobs import MediaJob
from training.recordings.media_report import damage_found

PREPARATION_VERSION = 1
"""Part of every key: raised when copies come out differently."""

# Containers that are MP4 inside, which is what is written.
_MP4_SUFFIXES = frozenset({".mp4", ".mov", ".m4v"})
_MIRRORED_QUALITY = 95
_PHOTO_FORMATS = {".png": "PNG", ".webp": "WEBP"}


@dataclass(frozen=True)
class Prepared:
    """What is known of a recording whose copies are there.

    Attributes:
        damage: what is wrong with the recording; empty when nothing is.
    """

    damage: str


@dataclass(frozen=True)
class PrepareSettings:
    """What all jobs of a run have in common.

    Attributes:
        folder: for the copies; absolute.
        media: limits.
        mirrored_copy: whether there is a copy flipped left to right.
        reduction_factor: what width and height are divided by; photos keep their size.
    """

    folder: Path
    media: MediaParams
    mirrored_copy: bool
    reduction_factor: int = 1

    def current(self, job: MediaJob) -> Prepared | None:
        """What is known of a recording whose copies are up to date; else None."""
        try:
            record = json.loads(self.record(job.recording).read_text(encoding="utf-8"))
            known = Prepared(record["damage"]) if record["key"] == job.key else None
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return known if all(path.is_file() for path in outputs(self, job.recording)) else None

    def record(self, recording: Recording) -> Path:
        """Where it is kept what the copies of a recording were made of."""
        return self.folder / ".prepared" / f"{recording.filename}.json"


def outputs(settings: PrepareSettings, recording: Recording) -> list[Path]:
    """The copies of a recording: the plain one, then the mirrored one if there is to be one."""
    name = recording.name
    if recording.kind == "video" and PurePath(name).suffix.lower() not in _MP4_SUFFIXES:
        name = f"{recording.stem}.mp4"
    names = [name]
    # What somebody has mirrored already needs no mirror image: that would be the recording itself.
    is_mirrored = any(text.startswith(MIRRORED_PREFIX) for text in (name, recording.path.name))
    if settings.mirrored_copy and not is_mirrored:
        names.append(MIRRORED_PREFIX + name)
    return [settings.folder / name for name in names]


def prepare_video(settings: PrepareSettings, job: MediaJob) -> Prepared:
    """Write the smaller copies of a video, in one pass.

    Raises:
        MediaError: the video cannot be read.
        OSError: the copies cannot be written.
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
    """Copy a photo, byte for byte, and write its mirror image if wanted.

    Raises:
        MediaError: the photo cannot be read.
        OSError: the copies cannot be written.
    """
    known = settings.current(job)
    if known is not None:
        return known
    source = job.recording.path
    # Read in any case: what nobody can look at is named now, not three stages later.
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
    """Sides divided by a factor and made even, as H.264 needs them; 1 keeps them as they are."""
    if factor == 1:
        return width_px, height_px
    even_width, even_height = (
        max(2, round(side / factor / 2) * 2) for side in (width_px, height_px)
    )
    return even_width, even_height


def _resized(rgb: RgbArray, width_px: int, height_px: int) -> RgbArray:
    if rgb.shape[:2] == (height_px, width_px):
        return rgb
    import cv2

    # Every pixel of the source counts, so that thin straps do not come and go.
    return np.asarray(
        cv2.resize(rgb, (width_px, height_px), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _write_photo(rgb: RgbArray, path: Path) -> None:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(rgb))
    with atomic_write(path) as temporary:
        match _PHOTO_FORMATS.get(path.suffix.lower(), "JPEG"):
            case "PNG":
                picture.save(temporary, "PNG")
            case "WEBP":
                picture.save(temporary, "WEBP", quality=_MIRRORED_QUALITY)
            case _:
                # Colours at full resolution, too.
                picture.save(temporary, "JPEG", quality=_MIRRORED_QUALITY, subsampling=0)


def _forget(settings: PrepareSettings, job: MediaJob) -> None:
    """From now on, until ``_remember``, the copies are not up to date."""
    settings.record(job.recording).unlink(missing_ok=True)


def _remember(settings: PrepareSettings, job: MediaJob, prepared: Prepared) -> Prepared:
    record = settings.record(job.recording)
    record.parent.mkdir(exist_ok=True)
    with atomic_write(record) as temporary:
        temporary.write_text(
            json.dumps({"key": job.key, "damage": prepared.damage}) + "\n", encoding="utf-8"
        )
    return prepared
