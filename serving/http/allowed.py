"""The methods of a path, for the ``Allow`` header of a 405 (RFC 9110, section 10.2.1)."""

import re

from fastapi import FastAPI
from starlette.routing import Mount, Route

_PARAMETER = re.compile(r"\\{[^}]*\\}")
_STATIC_FILES = frozenset({"GET", "HEAD"})


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Every method of a path; a single route knows only its own."""
    methods: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        pattern = _PARAMETER.sub("[^/]+", re.escape(template))
        if re.fullmatch(pattern, path):
            methods |= {method.upper() for method in operations}
    for route in app.routes:  # what is not documented: the description itself, and static files
        described = isinstance(route, Route) and route.path == path
        if described or (isinstance(route, Mount) and path.startswith(f"{route.path}/")):
            methods |= _STATIC_FILES
    return sorted(methods or {"GET"})
