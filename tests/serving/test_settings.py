"""The ``serving`` section: complete, documented, with environment variables for containers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving.settings import ENVIRONMENT, ServingParams, load_settings
from shared_features.errors import ParamsError
from shared_features.params import PROJECT_ROOT

PARAMS = PROJECT_ROOT / "params.yaml"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ENVIRONMENT:
        monkeypatch.delenv(variable, raising=False)


def test_paths_are_relative_to_the_file() -> None:
    """They do not depend on the current folder."""
    serving = load_settings(PARAMS).serving
    assert serving.model_path == PROJECT_ROOT / "models" / "pose_classifier.onnx"
    assert serving.data_dir == PROJECT_ROOT / "var" / "serving"
    assert serving.demo_video == PROJECT_ROOT / "serving" / "demo" / "performance.mp4"


def test_the_environment_takes_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Containers are configured by environment variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRAPS_HOST", "0.0.0.0")  # noqa: S104 - the value containers set
    monkeypatch.setenv("STRAPS_PORT", "9000")
    monkeypatch.setenv("STRAPS_DATA_DIR", "data")
    serving = load_settings(PARAMS).serving
    assert (serving.host, serving.port) == ("0.0.0.0", 9000)  # noqa: S104
    assert serving.data_dir == tmp_path / "data"


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable, not the key it overrides."""
    monkeypatch.setenv("STRAPS_PORT", "many")
    with pytest.raises(ParamsError, match="STRAPS_PORT is 'many'"):
        load_settings(PARAMS)


def test_a_misspelt_key_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    """A typo does not silently leave the default in place."""
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS.read_text().replace("max_queued_jobs:", "max_queue_jobs:"))
    with pytest.raises(ParamsError, match="did you mean `max_queued_jobs`"):
        load_settings(path)


def test_every_key_is_explained() -> None:
    """A comment precedes each key or its group."""
    section = PARAMS.read_text().split("\nserving:\n")[1]
    section = re.split(r"\n(?=\S)", section)[0]
    keys = re.findall(r"^  (\w+):", section, re.MULTILINE)
    assert set(keys) == set(ServingParams.model_fields)
    explained = False
    for line in section.splitlines():
        explained = explained or line.lstrip().startswith("#")
        assert explained or not line.strip(), line


def test_the_service_brings_no_training_library() -> None:
    """Importing all of the service loads none of them."""
    code = (
        "import serving.app, serving.cli.run, serving.cli.analyze, sys;"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    training = {"pandas", "sklearn", "xgboost", "mlflow", "optuna", "training", "onnx"}
    assert not training & set(done.stdout.split())
