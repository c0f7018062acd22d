"""Self-contained HTML pages, with styles and images embedded."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from shared_features.runtime.atomic import atomic_write
from training.words import counted


def render(template: str, path: Path, **values: Any) -> None:
    """Fill in a template from ``templates/`` and write the page, atomically."""
    environment = Environment(
        loader=PackageLoader("training.learning.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = counted
    environment.filters["jpeg"] = lambda image: _data_uri(image, "image/jpeg")
    environment.filters["png"] = lambda image: _data_uri(image, "image/png")
    page = environment.get_template(template).render(**values)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
