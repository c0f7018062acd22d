"""What the documents say is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from serving.app import create_app
from serving.settings import ServingParams, load_settings
from serving.storage.data_dir import DataDir
from shared_features.params import PROJECT_ROOT, SharedParams
from shared_features.pose import model_asset
from training.cli.main import app as training_app
from training.params import TrainingParams

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (PROJECT_ROOT / "docs" / "training.md").read_text(encoding="utf-8")
SYNTH_OPTIONS = ("--count", "--seed", "--out")
PARAMS = (PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8")
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
        assert _shown(path) in README, path
    for path in re.findall(r"`(?:[A-Z]+ )?(/(?:api|health)/[^`]+)`", README):
        known = {_shown(p) for p in paths} | {
            "/api/v1/openapi.json",
            "/api/v1/live",
        }
        assert path in known, path


def _shown(path: str) -> str:
    """A path as the README writes it."""
    return re.sub(r"{[a-z]+_id}", "{id}", path)


def test_the_hashes_of_the_pose_model_are_documented() -> None:
    """models/README.md names the files that set-up accepts."""
    text = (PROJECT_ROOT / "models" / "README.md").read_text(encoding="utf-8")
    for variant, name in model_asset.FILE_NAMES.items():
        assert f"| `{name}` | `{model_asset.SHA256[variant]}` |" in text


def training_commands() -> dict[str, list[str]]:
    """Every command of the toolkit with its own long options."""
    group = typer.main.get_command(training_app)
    found = {}
    commands = dict(group.commands)
    commands |= {f"splits {name}": one for name, one in commands["splits"].commands.items()}
    for name, command in commands.items():
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
        for name, rest in re.findall(r"straps-train (splits [a-z]+|[a-z][a-z-]+)([^`\n#]*)", text):
            assert name in commands, (document.name, name)
            known = commands[name] if name != "synth" else SYNTH_OPTIONS
            unknown = set(re.findall(r"--[a-z-]+", rest)) - set(known)
            assert not unknown, (document.name, name, unknown)


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The dotted name of every setting of a section, those of its subsections included."""
    for key, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings(inner, f"{prefix}{key}.")
        else:
            yield prefix + key


SHARED = [name for name in settings(SharedParams) if not name.startswith(("training.", "serving."))]
TRAINING = [f"training.{name}" for name in settings(TrainingParams)]
SERVING = [f"serving.{name}" for name in settings(ServingParams)]


def commented_settings() -> set[str]:
    """The settings of params.yaml with a comment above them, or above a group they belong to."""
    found: set[str] = set()
    parents: list[tuple[int, str]] = []
    explained_at: int | None = None
    for line in PARAMS.splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if text.startswith("#"):
            explained_at = indent
        elif not text:
            explained_at = None
        elif match := re.match(r"([\w-]+):(.*)", text):
            key, rest = match.groups()
            parents = [(depth, name) for depth, name in parents if depth < indent]
            name = ".".join([*(parent for _, parent in parents), key])
            if explained_at == indent or " #" in rest:
                found.add(name)
            if not rest.partition("#")[0].strip():
                parents.append((indent, key))
                explained_at = None
    return found


@pytest.mark.parametrize("name", [*SHARED, *TRAINING, *SERVING])
def test_every_setting_is_explained_in_the_settings_file(name: str) -> None:
    """By a comment above it, or above the settings it is listed with."""
    commented = commented_settings()
    ancestors = {name.rsplit(".", depth)[0] for depth in range(name.count("."))}
    assert ({name} | ancestors) & commented, f"params.yaml has no comment on `{name}`"


def in_code(text: str) -> str:
    """What stands in code spans and code blocks of a document."""
    return "\n".join(re.findall(r"```.*?```|`[^`]+`", text, flags=re.DOTALL))


@pytest.mark.parametrize(
    "name", [name for name in TRAINING if not name.startswith("training.starter.")]
)
def test_every_setting_of_the_toolkit_is_in_the_guide(name: str) -> None:
    """By its own name, as code: a word of the prose that happens to be the same does not count."""
    key = name.rpartition(".")[2]
    assert re.search(rf"(?<![\w-]){key}(?![\w-])", in_code(GUIDE)), f"`{name}`"
