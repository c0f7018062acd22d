"""HTML pages that need nothing but themselves: pictures and styles are inside."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from shared_features.runtime.atomic import atomic_write


def render(template: str, path: Path, **values: Any) -> None:
    """Fill in a template of ``templates/`` and write the page; whole or not at all."""
    environment = Environment(
        loader=PackageLoader("training.learning"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["jpeg"] = lambda picture: _data_uri(picture, "image/jpeg")
    environment.filters["png"] = lambda picture: _data_uri(picture, "image/png")
    page = environment.get_template(template).render(**values)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
