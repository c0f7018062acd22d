"""``serving.jobs`` has one entrance, and drawing and analysis know nothing of jobs."""

import ast

from shared_features.params import PROJECT_ROOT

SERVING = PROJECT_ROOT / "serving"


def imported_modules(folder: str) -> dict[str, set[str]]:
    """Modules of ``serving.jobs`` that each file below a folder imports."""
    found: dict[str, set[str]] = {}
    for path in sorted((SERVING / folder).rglob("*.py")):
        modules = {
            node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module
        }
        found[str(path.relative_to(SERVING))] = {
            module for module in modules if f"{module}.".startswith("serving.jobs.")
        }
    return found


def test_other_rooms_import_the_package_only() -> None:
    """They import from ``serving.jobs`` itself, never from one of its modules."""
    users = {
        path: modules
        for path, modules in imported_modules(".").items()
        if modules and not path.startswith("jobs/")
    }
    assert users
    assert set().union(*users.values()) == {"serving.jobs"}, users


def test_drawing_and_analysis_know_nothing_of_jobs() -> None:
    """The command line draws and analyses without a queue."""
    outside = imported_modules("overlay") | imported_modules("exports")
    outside["analysis.py"] = imported_modules(".")["analysis.py"]
    assert {path: modules for path, modules in outside.items() if modules} == {}
