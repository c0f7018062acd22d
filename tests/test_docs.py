"""What the documents say is there."""

import re
from pathlib import Path

import pytest
import typer

from serving.app import create_app
from serving.jobs.data_dir import DataDir
from serving.settings import load_settings
from shared_features.params import PROJECT_ROOT, Section
from shared_features.pose import model_asset
from training.cli.main import app as training_app
from training.params import (
    DataParams,
    ExtractionParams,
    LabelVideosParams,
    MakeFeaturesParams,
    ModelTrainingParams,
    ProcessVideosParams,
    PromotionParams,
)

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (PROJECT_ROOT / "docs" / "training.md").read_text(encoding="utf-8")
SYNTH_OPTIONS = ("--count", "--seed", "--out")
MAKEFILE = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
DOCUMENTS = [
    path
    for path in PROJECT_ROOT.rglob("*.md")
    if not {".venv", "var", "out", "node_modules"} & set(path.relative_to(PROJECT_ROOT).parts)
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Every relative link and picture exists."""
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_targets_of_the_readme_are_in_the_makefile() -> None:
    """`make x` in the README can be typed."""
    named = set(re.findall(r"`make (\w+)`|^make (\w+)", README, flags=re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", MAKEFILE, flags=re.MULTILINE))
    assert {a or b for a, b in named} <= targets
    for target in targets:
        assert re.search(rf"^{target}:.*## ", MAKEFILE, flags=re.MULTILINE), target


def test_the_routes_of_the_readme_are_those_of_the_service(tmp_path: Path) -> None:
    """Every API route is in the README, and none that is not there."""
    with DataDir(tmp_path) as data_dir:
        app = create_app(load_settings(PROJECT_ROOT / "params.yaml"), data_dir)
        paths = set(app.openapi()["paths"])
    for path in paths:
        assert path.replace("{video_id}", "{id}") in README, path
    for path in re.findall(r"`(?:[A-Z]+ )?(/(?:api|health)/[^`]+)`", README):
        known = {p.replace("{video_id}", "{id}") for p in paths} | {
            "/api/v1/openapi.json",
            "/api/v1/live",
        }
        assert path in known, path


def test_the_hashes_of_the_pose_model_are_documented() -> None:
    """models/README.md names the files that set-up accepts."""
    text = (PROJECT_ROOT / "models" / "README.md").read_text(encoding="utf-8")
    for variant, name in model_asset.FILE_NAMES.items():
        assert f"| `{name}` | `{model_asset.SHA256[variant]}` |" in text


def training_commands() -> dict[str, list[str]]:
    """Every command of the toolkit with its own long options."""
    group = typer.main.get_command(training_app)
    found = {}
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        options = [option for param in command.params for option in param.opts]
        found[name] = [option for option in options if option.startswith("--")]
    return found


def test_every_command_and_option_of_the_toolkit_is_documented() -> None:
    """By name, in the guide; the synthetic performer's in the README."""
    for command, options in training_commands().items():
        text = README + GUIDE if command in ("synth", "starter") else GUIDE
        assert f"`{command}`" in text or f" {command}" in text, command
        missing = [option for option in options if option not in text]
        assert not missing, (command, missing)
    assert not [option for option in SYNTH_OPTIONS if option not in README]


def test_the_commands_that_the_documents_show_exist() -> None:
    """`straps-train x` can be typed, with the options shown behind it."""
    commands = training_commands()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8").replace("\\\n", " ")
        for name, rest in re.findall(r"straps-train ([a-z][a-z-]+)([^`\n#]*)", text):
            assert name in commands, (document.name, name)
            known = commands[name] if name != "synth" else SYNTH_OPTIONS
            unknown = set(re.findall(r"--[a-z-]+", rest)) - set(known)
            assert not unknown, (document.name, name, unknown)


@pytest.mark.parametrize(
    "section",
    [
        DataParams,
        ProcessVideosParams,
        LabelVideosParams,
        ExtractionParams,
        MakeFeaturesParams,
        ModelTrainingParams,
        PromotionParams,
    ],
    ids=lambda section: section.__name__,
)
def test_the_settings_of_the_stages_are_in_the_guide(section: type[Section]) -> None:
    """Each key by name; params.yaml says the rest."""
    missing = [key for key in section.model_fields if key not in GUIDE]
    assert missing == []
