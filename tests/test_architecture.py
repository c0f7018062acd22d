"""The arrows run one way, and each library has its place."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared_features.params import PROJECT_ROOT

ROOMS = ("shared_features", "training", "serving")
FORBIDDEN_ROOMS = {
    "shared_features": {"training", "serving"},
    "training": {"serving"},
    "serving": {"training"},
}
PURE = (
    *("features/angles", "features/spatial", "features/body", "features/spec", "features/points"),
    *("classify/timeline", "landmarks/landmarks"),
)
PLACES = {
    "av": {
        "serving/cli/live/camera.py",
        "shared_features/media/seek.py",
        "shared_features/media/planes.py",
        "shared_features/media/audio.py",
        "shared_features/media/reader.py",
        "shared_features/media/writer.py",
    },
    # Running networks goes through its library; only set-up needs the package.
    "mediapipe": {"shared_features/pose/model_asset.py"},
    "ctypes": {
        "shared_features/runtime/allocator.py",
        "shared_features/pose/landmarker.py",
        "shared_features/pose/mediapipe_c.py",
    },
    "onnxruntime": {"shared_features/classify/classifier.py"},
}
TRAINING_ONLY = {
    *{"cleanlab", "distributed", "imagehash", "matplotlib", "mlflow", "onnx", "onnxmltools"},
    *{"optuna", "pandas", "pyarrow", "skl2onnx", "sklearn", "xgboost"},
}


def imports(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def sources(room: str) -> list[Path]:
    return sorted((PROJECT_ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_the_arrows_run_one_way(room: str) -> None:
    """Training -> shared_features <- serving, never across and never back."""
    for path in sources(room):
        assert not imports(path) & FORBIDDEN_ROOMS[room], path


@pytest.mark.parametrize("library", PLACES)
def test_each_media_library_has_one_place(library: str) -> None:
    """Only the module made for it touches it."""
    users = {
        str(path.relative_to(PROJECT_ROOT))
        for room in ROOMS
        for path in sources(room)
        if library in imports(path)
    }
    assert users == PLACES[library]


def test_training_libraries_stay_in_training() -> None:
    """A serving install has none of them."""
    for room in ("shared_features", "serving"):
        for path in sources(room):
            assert not imports(path) & TRAINING_ONLY, path
    locked = (PROJECT_ROOT / "requirements" / "serve.txt").read_text()
    names = {line.split("==")[0] for line in locked.splitlines() if "==" in line}
    # MediaPipe brings matplotlib along, on either side.
    assert not names & ((TRAINING_ONLY | {"scikit-learn"}) - {"matplotlib"})


def test_the_formulas_are_pure() -> None:
    """Arrays in, arrays out: no files, no clocks, no devices."""
    allowed = {"numpy", "typing", "dataclasses", "collections", "functools", "itertools", "re"}
    for name in PURE:
        found = imports(PROJECT_ROOT / "shared_features" / f"{name}.py")
        assert found <= allowed | {"shared_features", "hashlib", "json"}, name


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
def test_help_answers_at_once(command: str) -> None:
    """Heavy libraries are imported by the commands that need them."""
    executable = Path(sys.executable).with_name(command)
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([executable, "--help"], capture_output=True, check=True)  # noqa: S603
        durations.append(time.perf_counter() - start)
    assert b"Usage" in done.stdout
    # Half a second is the promise; a machine that runs other things at the same time gets more.
    assert min(durations) < 1.0
    code = "import sys; import serving.cli.main, training.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    heavy = {"mediapipe", "av", "cv2", "onnxruntime", "fastapi", "dbos", "xgboost", "sklearn"}
    assert not heavy & set(done.stdout.decode().split())
