"""``params.yaml`` is validated as a whole."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from shared_features.errors import ParamsError
from shared_features.params import PROJECT_ROOT, Section, load_section, load_shared
from training.params import load_training

PARAMS = PROJECT_ROOT / "params.yaml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of params.yaml with one text replaced."""
    text = PARAMS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("smoothing_s:", "smothing_s:", "`timeline.smothing_s` .* did you mean `smoothing_s`"),
        ("timeline:", "timelime:", "`timelime` .* did you mean `timeline`"),
        ("max_gap_s: 0.5", "max_gap_s: soon", "`timeline.max_gap_s` is 'soon'"),
        ("exit_confidence: 0.4", "exit_confidence: 0.9", "must not be below"),
        ("warmup_frames: 15", "warmup_frames: 600", "smaller than chunk_frames"),
        ("person_policy: followed", "person_policy: best", "largest"),
    ],
    ids=["key", "section", "value", "hysteresis", "warm-up", "choice"],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The message names the key, and the nearest known one."""
    with pytest.raises(ParamsError, match=message):
        load_shared(changed(tmp_path, old, new))


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Fixing one mistake does not uncover the next."""
    path = changed(tmp_path, "smoothing_s: 0.2", "smothing_s: 0.2\n  min_hold: 1")
    with pytest.raises(ParamsError) as error:
        load_shared(path)
    for part in ("smothing_s", "min_hold`", "`timeline.smoothing_s` is missing"):
        assert part in str(error.value)


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    """No file, no YAML, no sections."""
    with pytest.raises(ParamsError, match="There is no"):
        load_shared(tmp_path / "params.yaml")
    for content in ("a: [1", "just text"):
        (tmp_path / "bad.yaml").write_text(content)
        with pytest.raises(ParamsError, match=r"bad\.yaml"):
            load_shared(tmp_path / "bad.yaml")


def test_training_settings_are_checked_too(tmp_path: Path) -> None:
    """Training validates its own section."""
    with pytest.raises(ParamsError, match="did you mean `max_depth`"):
        load_training(changed(tmp_path, "max_depth:", "max_dept:"))


def test_the_path_of_a_pose_model_is_relative_to_the_file(tmp_path: Path) -> None:
    """Not to the folder that the command is run in."""
    path = changed(tmp_path, "model_path: null", "model_path: my/heavy.task")
    assert load_shared(path).pose.model_path == tmp_path / "my" / "heavy.task"


def test_every_key_is_commented() -> None:
    """Every setting has a sentence that says what it does."""
    lines = PARAMS.read_text(encoding="utf-8").splitlines()
    uncommented = []
    for number, line in enumerate(lines):
        key = line.strip().split(":")[0]
        is_setting = ":" in line and not line.strip().startswith("#") and line.startswith(" ")
        if is_setting and not _is_explained(lines, number):
            uncommented.append(key)
    assert uncommented == []
    assert set(yaml.safe_load("\n".join(lines))) >= {"labels", "media", "pose", "serving"}


def _is_explained(lines: list[str], number: int) -> bool:
    """Whether there is a comment above the key or above the group it belongs to."""
    while number > 0 and lines[number - 1].strip():
        number -= 1
        if lines[number].strip().startswith("#"):
            return True
    return False


class Tempo(Section):
    """A nested section."""

    renamed: ClassVar[Mapping[str, str]] = {"speed": "beats_per_minute"}
    beats_per_minute: int


class Show(Section):
    """A section with renamed settings and a nested section."""

    renamed: ClassVar[Mapping[str, str]] = {"music": "tempo", "artist": "performer"}
    performer: str
    tempo: Tempo


def show_in(tmp_path: Path, content: str) -> Path:
    """A params.yaml that contains only a section made for a test."""
    path = tmp_path / "params.yaml"
    path.write_text("serving:\n" + content, encoding="utf-8")
    return path


def test_a_renamed_setting_works_under_its_old_name_with_a_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the section itself and in a nested one; each name is reported once."""
    path = show_in(tmp_path, "  artist: Ada\n  music: {speed: 90}\n")
    with caplog.at_level(logging.WARNING):
        shows = [load_section(Show, "serving", path) for _ in range(2)]
    assert shows == [Show(performer="Ada", tempo=Tempo(beats_per_minute=90))] * 2
    messages = [record.getMessage() for record in caplog.records]
    renames = [message.split(". ")[0].removeprefix(f"{path}: ") for message in messages]
    assert renames == [
        "`serving.artist` is now called `performer`",
        "`serving.music` is now called `tempo`",
        "`serving.tempo.speed` is now called `beats_per_minute`",
    ]


def test_the_current_name_gives_no_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An up-to-date file is loaded silently."""
    path = show_in(tmp_path, "  performer: Ada\n  tempo: {beats_per_minute: 90}\n")
    load_section(Show, "serving", path)
    assert caplog.records == []


def test_old_and_new_name_together_are_refused(tmp_path: Path) -> None:
    """Which of the two values is meant is unclear; other mistakes are reported along with it."""
    path = show_in(tmp_path, "  performer: Ada\n  artist: Bea\n  tempo: {beats_per_minute: fast}\n")
    with pytest.raises(ParamsError) as error:
        load_section(Show, "serving", path)
    assert "`serving.artist` is the old name of `serving.performer`" in str(error.value)
    assert "`serving.tempo.beats_per_minute` is 'fast'" in str(error.value)
