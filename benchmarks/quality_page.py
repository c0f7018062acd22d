"""A page with the worst answers: what was shown, with the landmarks that were found."""

import base64
import html
import io
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from PIL import Image

from shared_features.landmarks.landmarks import FloatArray
from shared_features.media.frames import RgbArray
from training.media.annotate import draw_landmarks

_THUMBNAIL_PX = 420
_JPEG_QUALITY = 80
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem;
       color: #1d1828; background: #faf9fc; }
pre { overflow-x: auto; background: #fff; padding: 1rem; border-radius: .5rem; }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.25rem;
     list-style: none; padding: 0; }
li { background: #fff; border-radius: .5rem; overflow: hidden; }
img { width: 100%; height: 13rem; object-fit: contain; background: #1d1828; display: block; }
p { margin: .5rem .75rem .75rem; overflow-wrap: anywhere; } small { color: #5d566e; }
"""


class Mistake(Protocol):
    """An answer that was not right."""

    @property
    def title(self) -> str:
        """What was shown."""

    @property
    def said(self) -> str:
        """The answer, and what would have been right."""

    @property
    def thumbnail(self) -> bytes:
        """JPEG of the picture with landmarks."""


def thumbnail(rgb: RgbArray, image: FloatArray) -> bytes:
    """A small JPEG of a picture with the landmarks ``(33, 5)`` found in it, if any."""
    scale = _THUMBNAIL_PX / max(rgb.shape[:2])
    small = rgb
    if scale < 1:
        resized = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        small = np.asarray(resized, dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(draw_landmarks(small, image)).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def page(lines: Sequence[str], worst: Sequence[Mistake]) -> str:
    """The page as HTML, in one file.

    Args:
        lines: The table of figures.
        worst: The worst answers, the worst first.
    """
    items = "".join(
        f'<li><img alt="" src="data:image/jpeg;base64,{base64.b64encode(each.thumbnail).decode()}">'
        f"<p>{html.escape(each.said)}<br><small>{html.escape(each.title)}</small></p></li>\n"
        for each in worst
    )
    table = html.escape("\n".join(lines))
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Quality of answers</title><style>{_STYLE}</style>"
        f"<h1>Quality of answers</h1><pre>{table}</pre>"
        f"<h2>The worst {len(worst)}</h2><ol>{items}</ol></html>\n"
    )
