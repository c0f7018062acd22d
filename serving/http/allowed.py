"""The methods of a path, for the ``Allow`` header of a 405 (RFC 9110, section 10.2.1)."""

import re

from fastapi import FastAPI

_PARAMETER = re.compile(r"\\{[^}]*\\}")


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Every documented method of a path; a single route knows only its own."""
    methods = set()
    for template, operations in app.openapi()["paths"].items():
        pattern = _PARAMETER.sub("[^/]+", re.escape(template))
        if re.fullmatch(pattern, path):
            methods |= {method.upper() for method in operations}
    return sorted(methods)
