"""``params.yaml`` is checked as a whole."""

from pathlib import Path

import pytest
import yaml

from shared_features.errors import ParamsError
from shared_features.params import PROJECT_ROOT, load_shared
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
def test_what_is_not_understood_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The message names the key, and the nearest known one."""
    with pytest.raises(ParamsError, match=message):
        load_shared(changed(tmp_path, old, new))


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Mending one mistake does not uncover the next."""
    path = changed(tmp_path, "smoothing_s: 0.2", "smothing_s: 0.2\n  min_hold: 1")
    with pytest.raises(ParamsError) as error:
        load_shared(path)
    for part in ("smothing_s", "min_hold`", "`timeline.smoothing_s` is missing"):
        assert part in str(error.value)


def test_a_missing_or_unreadable_file_is_said(tmp_path: Path) -> None:
    """No file, no YAML, no sections."""
    with pytest.raises(ParamsError, match="There is no"):
        load_shared(tmp_path / "params.yaml")
    for content in ("a: [1", "just text"):
        (tmp_path / "bad.yaml").write_text(content)
        with pytest.raises(ParamsError, match=r"bad\.yaml"):
            load_shared(tmp_path / "bad.yaml")


def test_training_settings_are_checked_too(tmp_path: Path) -> None:
    """Each side checks its own section."""
    with pytest.raises(ParamsError, match="did you mean `max_depth`"):
        load_training(changed(tmp_path, "max_depth:", "max_dept:"))


def test_a_pose_model_of_ones_own_is_relative_to_the_file(tmp_path: Path) -> None:
    """Paths mean the folder that params.yaml lies in."""
    path = changed(tmp_path, "model_path: null", "model_path: my/heavy.task")
    assert load_shared(path).pose.model_path == tmp_path / "my" / "heavy.task"


def test_every_key_is_commented() -> None:
    """No setting without a sentence that says what it does."""
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
    """A comment stands above the key, or above the keys directly before it (a group)."""
    while number > 0 and lines[number - 1].strip():
        number -= 1
        if lines[number].strip().startswith("#"):
            return True
    return False
