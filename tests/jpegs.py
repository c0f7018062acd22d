"""JPEG files made at test time."""

import io
from typing import Any

import numpy as np
from PIL import Image


def encoded(
    progressive: bool = False, mode: str = "RGB", size: tuple[int, int] = (96, 64), **options: Any
) -> bytes:
    """A JPEG of noise, so that every block takes some bytes."""
    width, height = size
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(file, "JPEG", progressive=progressive, **options)
    return file.getvalue()


def with_repeated_scan(times: int, size: tuple[int, int] = (96, 64)) -> bytes:
    """A progressive JPEG whose last scan is there ``times`` more times."""
    content = encoded(progressive=True, size=size)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * times + content[-2:]
