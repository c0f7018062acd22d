"""From photos and a table of labels to a dataset, with the commands that a person would use."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.track_csv import read_track
from shared_features.params import PROJECT_ROOT, load_shared
from tests.training.data.tables import same_bits
from training.cli.main import app as toolkit
from training.data.dataset import read_dataset
from training.data.splits import grouped_folds, held_out_split
from training.errors import DatasetError
from training.params import known_labels, load_training

LABELS = ("downdog", "goddess", "plank")
# Two pairs of near-duplicates, one of which differs in a frame around it, and five others.
PHOTOS = (
    *("downdog/downdog_0180.jpg", "downdog/downdog_0342.jpg", "downdog/downdog_0128.jpg"),
    *("goddess/goddess_0228.jpg", "goddess/goddess_0348.jpg", "goddess/goddess_0124.jpg"),
    *("plank/plank_0153.jpg", "plank/plank_0384.jpg", "plank/plank_0415.jpg"),
)


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """A project of its own with three yoga poses."""
    content = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["labels"] = {"poses": list(LABELS), "other": "other"}
    content["training"]["labeller"]["keys"] = {label[0]: label for label in (*LABELS, "other")}
    content["training"]["process_photos"]["mirrored_copy"] = True
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def call(app, *arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.usefixtures("pose_model")
def test_from_photos_to_folds(
    tmp_path: Path, params: Path, shared_data: Callable[[str], Path]
) -> None:
    """Import, mirror, extract, combine and split; copies and near-duplicates stay together."""
    photos = shared_data("yoga")
    raw = tmp_path / "data" / "raw" / "photos"
    for name in PHOTOS:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photos / name, raw / name)
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        rows = [(f"data/raw/photos/{name}", name.partition("/")[0]) for name in PHOTOS]
        csv.writer(file).writerows([("path", "label"), *rows])
    imported = call(toolkit, "import-labels", tmp_path / "labels.csv", "--params", params)
    assert "9 label tables written" in imported.stdout
    call(toolkit, "process-photos", "--workers", 1, "--params", params)
    mirrored = call(toolkit, "apply-mirror-labels", "--params", params)
    assert "9 label tables of mirrored copies written" in mirrored.stdout
    call(toolkit, "extract-photo-landmarks", "--workers", 1, "--params", params)
    made = call(toolkit, "make-features", "--params", params)
    assert "18 feature tables made" in made.stdout
    combined = call(toolkit, "combine-features", "--params", params)
    assert "same images" in combined.stdout
    _check(params)


def _check(params: Path) -> None:
    data = load_training(params).data
    shared = load_shared(params)
    spec = FeatureSpec(**shared.features.model_dump())
    table = data.final_features / "final_features.csv"
    dataset = read_dataset(table, spec, known_labels(shared.labels))
    # Photos with a mirrored copy are not mirrored again.
    assert not dataset.augmented.any()
    assert dataset.labels == LABELS
    for row, name in enumerate(dataset.filenames.tolist()):
        track = read_track(data.landmarks / name.replace(".jpg", "_landmarks.csv"))
        assert same_bits(dataset.features[row : row + 1], spec.of_track(track))
        assert dataset.labels[dataset.codes[row]] in name
    group = dict(zip(dataset.filenames.tolist(), dataset.groups.tolist(), strict=True))
    for first, second in (("downdog_0180", "downdog_0342"), ("goddess_0228", "goddess_0348")):
        prefix = f"photo_{first[:7]}__"
        twins = {group.get(f"{prefix}{name}.jpg") for name in (first, second)}
        copies = {group.get(f"photo_mirrored_{first[:7]}__{name}.jpg") for name in (first, second)}
        assert len((twins | copies) - {None}) == 1
    assert len(set(group.values())) == 6
    for fold in grouped_folds(dataset, 3, 0):
        assert not set(dataset.groups[fold.train]) & set(dataset.groups[fold.test])
    split = held_out_split(dataset, 0.3, 0, [])
    assert set(dataset.codes[split.held_out].tolist()) == {0, 1, 2}
    assert not np.isin(dataset.groups[split.train], dataset.groups[split.held_out]).any()


def test_warnings_go_to_standard_error(tmp_path: Path, params: Path) -> None:
    """Warnings do not mix with results."""
    photo = tmp_path / "data" / "raw" / "photos" / "a.jpg"
    photo.parent.mkdir(parents=True)
    photo.touch()
    table = tmp_path / "labels.csv"
    table.write_text(f"path,label\n{photo},plank\nmissing.jpg,plank\n", encoding="utf-8")
    result = call(toolkit, "import-labels", table, "--params", params)
    assert "missing.jpg" in result.stderr
    assert "missing.jpg" not in result.stdout
    assert "1 label table written" in result.stdout


def test_commands_in_the_wrong_order_name_the_missing_step(tmp_path: Path, params: Path) -> None:
    """Combining needs features, and features need landmarks."""
    with pytest.raises(DatasetError, match="make features"):
        call(toolkit, "combine-features", "--params", params)
    with pytest.raises(Exception, match="extract-photo-landmarks"):
        call(toolkit, "make-features", "--params", params)


@pytest.mark.parametrize(
    "command", ["import-labels", "apply-mirror-labels", "make-features", "combine-features"]
)
def test_every_option_says_what_it_is_for(command: str) -> None:
    """In the help text of its command."""
    help_text = call(toolkit, command, "--help").stdout
    assert "--params" in help_text
