"""Fixtures for tests of the labelling tool."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from shared_features.params import PROJECT_ROOT
from tests.training.labeller.tool import Tool, write_clip, write_params

StartTool = Callable[..., Tool]


@pytest.fixture(scope="session")
def seed_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-three frames, one second apart, as in the seed's table."""
    return write_clip(tmp_path_factory.mktemp("clip") / "routine.mp4")


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[StartTool]:
    """Starts tools; ``prepare`` fills the folder of recordings before a tool starts."""
    made: list[Tool] = []

    def make(
        prepare: Callable[[Path], object],
        *arguments: str,
        kind: Literal["video", "photo"] = "video",
        **settings: Any,
    ) -> Tool:
        tool = Tool(write_params(tmp_path / f"tool{len(made)}", **settings), kind)
        made.append(tool)
        tool.recordings.mkdir(parents=True)
        prepare(tool.recordings)
        return tool.start(*arguments)

    yield make
    for tool in made:
        tool.close()
        assert "Traceback" not in tool.output, tool.output


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's model, which a promotion may replace while the tests run."""
    own = PROJECT_ROOT / "models" / "pose_classifier.onnx"
    if not own.is_file():
        pytest.skip(f"needs {own.name}; run `make starter`")
    return Path(shutil.copy(own, tmp_path_factory.mktemp("model") / own.name))
