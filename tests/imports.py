"""What the project's modules import, read from their source."""

import ast
from functools import cache
from pathlib import Path

from shared_features.params import PROJECT_ROOT

PACKAGES = ("shared_features", "training", "serving")


@cache
def sources(package: str) -> dict[str, Path]:
    """Every module of a top-level package, by its dotted name."""
    found = {}
    for path in sorted((PROJECT_ROOT / package).rglob("*.py")):
        parts = path.relative_to(PROJECT_ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def modules() -> dict[str, Path]:
    """Every module of the project, by its dotted name."""
    return {name: path for package in PACKAGES for name, path in sources(package).items()}


@cache
def imported(path: Path, typing_only: bool = True) -> frozenset[str]:
    """Dotted names of the modules that a file imports, also inside functions.

    Args:
        path: The file.
        typing_only: Include imports that only type checkers see.
    """
    found: set[str] = set()
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and not typing_only and _is_type_checking(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules().keys()) or {node.module}
        pending += ast.iter_child_nodes(node)
    return frozenset(found)


def libraries(path: Path, typing_only: bool = True) -> set[str]:
    """Top-level names of everything that a file imports, the project's own packages included."""
    return {name.partition(".")[0] for name in imported(path, typing_only)}


def reached(start: str) -> set[str]:
    """The module itself and every module of the project that importing it brings in."""
    seen: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        packages = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
        runtime = imported(modules()[name], typing_only=False)
        pending += [found for found in (*packages, *runtime) if found in modules()]
    return seen


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
