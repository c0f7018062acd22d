"""The training section of params.yaml is checked against itself and against the labels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared_features.errors import ParamsError, StrapsError
from shared_features.params import PROJECT_ROOT
from training.errors import TrainingError
from training.params import known_labels, load_all


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The project's settings after a change."""
    content = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_folders_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    """A project of one's own is a folder with a params.yaml."""
    shared, training = load_all(changed(tmp_path, lambda content: None))
    assert training.data.landmarks == tmp_path / "data" / "interim" / "landmarks"
    assert training.tracking.folder == tmp_path / "var" / "tracking"
    assert training.promotion.output == tmp_path / "models" / "pose_classifier.onnx"
    assert known_labels(shared.labels)[-1] == shared.labels.other


def _same_folder(content: dict[str, Any]) -> None:
    content["training"]["data"]["interim_videos"] = content["training"]["data"]["raw_videos"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        pytest.param(_same_folder, ParamsError, "raw and interim folders must differ", id="folder"),
        pytest.param(
            lambda content: content["training"]["labeller"]["keys"].update({"MM": "meathook"}),
            ParamsError,
            "single lower-case letters or digits",
            id="long key",
        ),
        pytest.param(
            lambda content: content["training"]["labeller"]["keys"].update({"m": "planche"}),
            TrainingError,
            r"keys for unknown labels \{'m': 'planche'\}; labels without a key \['meathook'\]",
            id="key of an unknown label",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    error: type[StrapsError],
    message: str,
) -> None:
    """The message names all that does not fit."""
    with pytest.raises(error, match=message):
        load_all(changed(tmp_path, change))
