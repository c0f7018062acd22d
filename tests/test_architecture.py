"""The arrows run one way, each library has its place, and every dependency is declared."""

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from shared_features.params import PROJECT_ROOT
from tests.imports import PACKAGES, imported, libraries, modules, reached, sources

FORBIDDEN = {
    "shared_features": {"training", "serving"},
    "training": {"serving"},
    "serving": {"training"},
}
# Arrays in, arrays out.
PURE = (
    *(
        name
        for name in modules()
        if name.startswith(
            ("shared_features.features.", "shared_features.sequence.", "shared_features.scoring.")
        )
    ),
    "shared_features.landmarks.landmarks",
    "shared_features.classify.timeline",
)
PURE_LIBRARIES = {
    *{"numpy", "typing", "dataclasses", "collections", "functools", "itertools", "enum"},
    *{"hashlib", "json", "math", "re", "shared_features", "types"},
}
# Everything that reads a file, a clock or a device, by whatever name it comes in.
IMPURE_AT_RUN_TIME = {"cv2", "av", "PIL", "pandas", "onnxruntime", "mediapipe", "yaml", "pydantic"}
PLACES = {
    "av": "shared_features/media/",
    "jax": "training/sequence/networks/backend.py",
    # Running networks goes through its library; only set-up needs the package.
    "mediapipe": "shared_features/pose/model_asset.py",
    "ctypes": ("shared_features/runtime/allocator.py", "shared_features/pose/network/"),
    "onnxruntime": "shared_features/classify/onnx_file.py",
    "dtaidistance": "shared_features/alignment/warping.py",
    "dbos": "serving/jobs/database/",
    "fastapi": ("serving/", "training/labeller/"),
    "uvicorn": ("serving/", "training/labeller/"),
}
TRAINING_ONLY = {
    *{"cleanlab", "distributed", "imagehash", "jax", "matplotlib", "mlflow", "onnx", "onnxmltools"},
    *{"optax", "optuna", "pandas", "pyarrow", "scipy", "skl2onnx", "sklearn", "xgboost"},
}
EXTRAS = {
    "shared_features": (),
    "serving": ("serve", "s3", "traces"),
    "training": ("train", "sequence", "landmarks"),
}
# Declared, though no module of the project imports them.
NOT_IMPORTED = {
    "ipykernel": "runs notebooks/explore.ipynb",
    "opentelemetry-sdk": "imported under a name that it shares with opentelemetry-api",
    "opentelemetry-exporter-otlp-proto-http": "as opentelemetry-sdk",
    "optuna-dashboard": "started as a program by `straps-train ui`",
    "psycopg": "the driver SQLAlchemy loads for postgresql:// addresses",
    "pytest-randomly": "a plug-in that pytest loads",
    "pytest-xdist": "a plug-in that pytest loads",
    "tables": "the driver that pandas loads for HDF5",
    "websockets": "uvicorn's websocket implementation",
    "ruff": "run by `make lint`",
    "mypy": "run by `make lint`",
}


def place(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_arrows_run_one_way(package: str) -> None:
    """Training -> shared_features <- serving, never across and never back."""
    for path in sources(package).values():
        assert not libraries(path) & FORBIDDEN[package], place(path)


def test_no_two_folders_import_each_other() -> None:
    """Whatever folder a module imports from, no chain of imports leads back.

    The files directly inside a top-level package (errors, params, the application) are its ground
    floor and its roof, not a folder.
    """
    arrows: dict[Path, set[Path]] = defaultdict(set)
    for path in modules().values():
        for name in imported(path):
            if name in modules():
                folder, target = path.parent, modules()[name].parent
                if folder != target and PROJECT_ROOT not in (folder.parent, target.parent):
                    arrows[folder].add(target)
    for start in list(arrows):
        reachable, pending = set(), [start]
        while pending:
            fresh = arrows[pending.pop()] - reachable
            reachable |= fresh
            pending += fresh
        assert start not in reachable, f"{place(start)} reaches itself through other folders"


@pytest.mark.parametrize("library", PLACES)
def test_each_library_has_one_place(library: str) -> None:
    """Only the modules made for it touch it."""
    users = {place(path) for path in modules().values() if library in libraries(path)}
    assert users
    assert [user for user in sorted(users) if not user.startswith(PLACES[library])] == []


def test_training_libraries_stay_in_training() -> None:
    """A serving install has none of them."""
    for package in ("shared_features", "serving"):
        for path in sources(package).values():
            assert not libraries(path) & TRAINING_ONLY, place(path)
    locked = (PROJECT_ROOT / "requirements" / "serve.txt").read_text()
    names = {line.split("==")[0] for line in locked.splitlines() if "==" in line}
    # MediaPipe brings matplotlib along, on either side.
    assert not names & ((TRAINING_ONLY | {"scikit-learn"}) - {"matplotlib"})


@pytest.mark.parametrize("module", PURE)
def test_the_formulas_are_pure(module: str) -> None:
    """Nothing that a formula imports, directly or through other modules, touches the world."""
    for name in reached(module):
        found = libraries(modules()[name], typing_only=False)
        assert found <= PURE_LIBRARIES, f"{module} reaches {name}, which imports {found}"


def test_importing_the_formulas_loads_nothing_impure() -> None:
    """The same, asked of the interpreter."""
    code = f"import sys; import {', '.join(PURE)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    loaded = {name.partition(".")[0] for name in done.stdout.decode().split()}
    assert loaded & IMPURE_AT_RUN_TIME == set()


def declared() -> dict[str, set[str]]:
    """Distributions that pyproject.toml names: for the floor under "", and by extra."""
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {re.split(r"[^A-Za-z0-9._-]", entry)[0].lower() for entry in entries}
        for extra, entries in groups.items()
    }


@cache
def _providers() -> Mapping[str, list[str]]:
    """Which distributions provide each top-level module."""
    return packages_distributions()


def distributions(path: Path) -> set[str]:
    """The distributions that a file's imports come from."""
    names = libraries(path) - set(sys.stdlib_module_names) - {*PACKAGES, "tests", "benchmarks"}
    return {_chosen(_providers().get(name, [name])) for name in names}


def _chosen(candidates: list[str]) -> str:
    return sorted(candidate.lower() for candidate in candidates)[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_imported_is_declared(package: str) -> None:
    """Nothing is used only because something else happens to bring it along."""
    groups = declared()
    allowed = groups[""].union(*(groups[extra] for extra in EXTRAS[package]))
    for path in sources(package).values():
        missing = distributions(path) - allowed
        assert not missing, f"{place(path)} imports {sorted(missing)}, which is not declared"


def test_what_is_declared_is_used() -> None:
    """Each dependency is imported where it is declared for, or its reason is written above."""
    groups = declared()
    used = {
        package: set().union(*(distributions(path) for path in sources(package).values()))
        for package in PACKAGES
    }
    outside = set().union(
        *(
            distributions(path)
            for folder in ("tests", "benchmarks", "docs")
            for path in (PROJECT_ROOT / folder).rglob("*.py")
        )
    )
    wanted = {
        "": set().union(*used.values()),
        "serve": used["serving"],
        "s3": used["serving"],
        "traces": used["serving"],
        "train": used["training"],
        "sequence": used["training"],
        "landmarks": used["training"],
        "dev": outside,
    }
    for extra, names in groups.items():
        unused = {name for name in names - wanted[extra] if not name.startswith("types-")}
        assert unused <= NOT_IMPORTED.keys(), f"[{extra}] {sorted(unused - NOT_IMPORTED.keys())}"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_type_checker_is_told_to_ignore_has_a_reason(package: str) -> None:
    """It names one kind of error, followed by a few words that say why."""
    for path in sources(package).values():
        for line in path.read_text(encoding="utf-8").splitlines():
            if "type: ignore" in line:
                assert re.search(r"# type: ignore\[[a-z-]+\]  # \w", line), f"{place(path)}: {line}"


@pytest.mark.parametrize("lock", ["serve", "train", "dev"])
def test_the_locks_are_complete_and_point_nowhere(lock: str) -> None:
    """Hashes for everything, one OpenCV, no CUDA, no addresses."""
    text = (PROJECT_ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    assert "--index" not in text
    entries = text.replace("\\\n", " ").splitlines()
    for entry in filter(None, entries):
        assert "--hash=sha256:" in entry, entry.split()[0]
        name = entry.split("==")[0]
        if name.startswith(("opencv", "nvidia")) and name != "opencv-python-headless":
            assert "sys_platform == 'never'" in entry, name


@pytest.mark.parametrize("command", ["straps-serve", "straps-train"])
def test_help_loads_no_heavy_library(command: str) -> None:
    """Heavy libraries are imported by the commands that need them, so that help answers at once."""
    executable = Path(sys.executable).with_name(command)
    done = subprocess.run([executable, "--help"], capture_output=True, check=True)  # noqa: S603
    assert b"Usage" in done.stdout
    code = "import sys; import serving.cli.main, training.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    heavy = {"mediapipe", "av", "cv2", "onnxruntime", "fastapi", "dbos", "xgboost", "sklearn"}
    assert not heavy & set(done.stdout.decode().split())
