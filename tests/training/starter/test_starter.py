"""The starter model is built from synthetic data, without leaks, and reproducibly."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT, SharedParams
from training.errors import TrainingError
from training.params import StarterParams, load_training
from training.starter import build, detection
from training.starter.build import build_starter, generate, split_by_group, with_mirror_images
from training.starter.detection import DetectedFrames, detect_rendered
from training.synthetic.samples import LandmarkSamples, generate_landmarks


@pytest.fixture(scope="module")
def starter() -> StarterParams:
    settings = load_training(PROJECT_ROOT / "params.yaml").starter
    trees = settings.xgboost.model_copy(update={"max_rounds": 8})
    return settings.model_copy(update={"xgboost": trees})


@pytest.fixture(scope="module")
def detected() -> DetectedFrames:
    """Generated landmarks instead of detected ones, since only the training is tested."""
    samples = generate_landmarks(600, seed=5)
    return DetectedFrames(samples, rendered=650)


def test_no_performer_is_in_two_parts_of_the_split(
    detected: DetectedFrames, starter: StarterParams
) -> None:
    """Training never sees the body and camera of a test sample, nor its mirror image."""
    parts = split_by_group(detected.samples, starter)
    groups = [set(with_mirror_images(part).groups.tolist()) for part in parts]
    assert sum(len(part) for part in parts) == len(detected.samples)
    assert all(groups)
    for i, one in enumerate(groups):
        for other in groups[i + 1 :]:
            assert not one & other


def test_a_mirror_image_keeps_label_and_group(detected: DetectedFrames) -> None:
    """Every sample appears once unchanged and once mirrored."""
    doubled = with_mirror_images(detected.samples)
    n = len(detected.samples)
    assert len(doubled) == 2 * n
    assert (doubled.groups[:n] == doubled.groups[n:]).all()
    assert (doubled.labels[:n] == doubled.labels[n:]).all()
    assert not np.array_equal(doubled.image[:n], doubled.image[n:])


@pytest.mark.parametrize("patience_rounds", [None, 3])
def test_the_same_seed_gives_the_same_file(
    tmp_path: Path,
    detected: DetectedFrames,
    starter: StarterParams,
    shared_params: SharedParams,
    patience_rounds: int | None,
) -> None:
    """The bytes are the same, since no time is stored, and the report matches the file."""
    trees = starter.xgboost.model_copy(update={"early_stopping_rounds": patience_rounds})
    starter = starter.model_copy(update={"xgboost": trees})
    generated = generate_landmarks(300, seed=6)
    paths = [tmp_path / "a.onnx", tmp_path / "b.onnx"]
    for path in paths:
        report = build_starter(generated, detected, starter, shared_params, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    contract = PoseClassifier(paths[0]).contract
    assert contract == report.contract
    assert set(contract.metrics["per_label"]) == set(contract.labels)
    assert contract.training["detection_rate"] == round(len(detected.samples) / 650, 4)
    assert contract.training["rounds"] <= starter.xgboost.max_rounds
    assert len(contract.training["calibration"]["shifts"]) == len(contract.labels)


def test_poses_that_the_generator_does_not_know_are_refused(
    tmp_path: Path, detected: DetectedFrames, starter: StarterParams, shared_params: SharedParams
) -> None:
    """Labels can be configured, but the generator only knows the poses of its table."""
    labels = shared_params.labels.model_copy(update={"poses": ("meathook", "flag")})
    params = shared_params.model_copy(update={"labels": labels})
    with pytest.raises(TrainingError, match="flag"):
        build_starter(generate_landmarks(80, 1), detected, starter, params, tmp_path / "x.onnx")


def test_a_model_too_large_to_commit_is_refused(
    tmp_path: Path, detected: DetectedFrames, starter: StarterParams, shared_params: SharedParams
) -> None:
    """The message names the settings that make it smaller."""
    small = starter.model_copy(update={"max_megabytes": 0.01})
    with pytest.raises(TrainingError, match="max_rounds"):
        build_starter(
            generate_landmarks(80, 1), detected, small, shared_params, tmp_path / "x.onnx"
        )


@pytest.mark.usefixtures("pose_model")
def test_rendering_and_detecting_resumes_and_repeats(
    tmp_path: Path, shared_params: SharedParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished tasks are kept and not repeated; the result is the same."""
    monkeypatch.setattr(detection, "_GROUPS_PER_TASK", 6)
    reported: list[int] = []
    first = detect_rendered("stills", 18, 9, shared_params.pose, tmp_path, reported.append)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    again = detect_rendered("stills", 18, 9, shared_params.pose, tmp_path, reported.append)
    assert reported == [0, 18, 18]
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == files
    assert first.samples.image.tobytes() == again.samples.image.tobytes()
    assert first.detection_rate > 0.85


def _reversed_results(
    task: Callable[[int], LandmarkSamples], jobs: range
) -> Iterator[tuple[int, LandmarkSamples]]:
    """A pool of processes in which the first job finishes last."""
    yield from ((job, task(job)) for job in reversed(jobs))


def test_generated_samples_are_in_order_whichever_task_finishes_first(
    starter: StarterParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the samples of the seed, rounded up to whole tasks, and progress is reported."""
    monkeypatch.setattr(build, "_GROUPS_PER_TASK", 5)
    monkeypatch.setattr(build, "in_processes", _reversed_results)
    reported: list[int] = []
    params = starter.model_copy(update={"generated_samples": 100})
    samples = generate(params, reported.append)
    assert reported == [40, 80, 120]
    expected = generate_landmarks(120, params.seed)
    assert samples.image.tobytes() == expected.image.tobytes()
    assert samples.labels.tolist() == expected.labels.tolist()
