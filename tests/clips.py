"""Video files generated at test time, with known contents and times."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

TIME_BASE = Fraction(1, 90_000)
# Colours of the corners, clockwise from the upper left, to tell which way up an image is.
CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))


def corner_image(width: int, height: int, brightness: int = 0) -> NDArray[np.uint8]:
    """An image with a block of a different colour in each corner."""
    image = np.full((height, width, 3), brightness, dtype=np.uint8)
    block = min(width, height) // 3
    top, bottom = slice(0, block), slice(height - block, height)
    left, right = slice(0, block), slice(width - block, width)
    for (rows, columns), colour in zip(
        ((top, left), (top, right), (bottom, right), (bottom, left)), CORNERS, strict=True
    ):
        image[rows, columns] = colour
    return image


def corner_order(image: NDArray[np.uint8]) -> list[int]:
    """Index in ``CORNERS`` of the colour in each corner, clockwise from the upper left."""
    height, width = image.shape[:2]
    inset = min(width, height) // 6
    positions = (
        (inset, inset),
        (inset, width - inset),
        (height - inset, width - inset),
        (height - inset, inset),
    )
    colours = np.array(CORNERS, dtype=int)
    return [
        int(np.abs(colours - image[position].astype(int)).sum(axis=1).argmin())
        for position in positions
    ]


def write_video(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    pts_s: Sequence[float],
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    start_s: float = 0.0,
    pixel_aspect: Fraction = Fraction(1),
) -> Path:
    """Encode images at the given times; every 30th frame is a key frame."""
    height, width = images[0].shape[:2]
    movflags = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=movflags) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        stream.options = {"g": "30"} | (options or {})
        for image, seconds in zip(images, pts_s, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round((seconds + start_s) / TIME_BASE), TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def flag_rotation(path: Path, clockwise_deg: int) -> None:
    """Flag an MP4 file to be shown rotated clockwise, as phones do."""
    matrices = {
        0: (1, 0, 0, 1),
        90: (0, 1, -1, 0),
        180: (-1, 0, 0, -1),
        270: (0, -1, 1, 0),
    }
    flag_display_matrix(path, matrices[clockwise_deg])


def flag_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Flag an MP4 file to be shown turned and mirrored by a matrix of −1, 0 and 1."""
    a, b, c, d = (value << 16 for value in matrix)
    content = bytearray(path.read_bytes())
    # ISO/IEC 14496-12, track header box: the matrix follows 40 bytes of other fields.
    at = content.index(b"tkhd") + 4 + 40
    struct.pack_into(">9i", content, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


def write_audio(
    path: Path,
    seconds: float = 1.0,
    codec: str = "aac",
    rate: int = 44_100,
    start_s: float = 0.0,
    layout: Literal["mono", "stereo"] = "mono",
) -> Path:
    """Write a file with a tone and no video."""
    sample_format = "fltp" if codec in ("aac", "mp3", "ac3") else "s16"
    tone = np.sin(np.arange(int(rate * seconds)) * 0.05) * 0.5
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, len(tone) - 1024, 1024):
            block = tone[start : start + 1024]
            samples = (block * 32767).astype(np.int16) if sample_format == "s16" else block
            dtype = np.int16 if sample_format == "s16" else np.float32
            mono = samples.astype(dtype)[None]
            both = np.repeat(mono, 2, axis=1 if sample_format == "s16" else 0)
            frame = av.AudioFrame.from_ndarray(
                both if layout == "stereo" else mono, format=sample_format, layout=layout
            )
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = round(start_s * rate) + start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
