"""How good sequence models are on real movements: ``python -m benchmarks.sequences --data DIR``.

DIR is the folder of recordings that is not part of the project. Every figure is on people or
recordings that a model has not learned from; the ungrouped one shows what a careless split claims.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.runtime import console
from shared_features.sequence.skeletons import COCO_17, UIPRMD_22, skeleton_points
from training.sequence.data.clips import Clip, LabelledClips
from training.sequence.data.splits import split_clips
from training.sequence.evaluation import evaluate, roc_auc, roc_auc_within
from training.sequence.fitting.cell import BASELINE
from training.sequence.preprocessing.pipeline import Preprocessing, sequence_spec
from training.sequence.preprocessing.samples import Samples
from training.sequence_params import PreprocessingParams, SequenceParams

Outputs = NDArray[np.float32]
_FRAMES_PER_S = 30


def fit(
    model: str, train: Samples, validation: Samples, params: SequenceParams
) -> Callable[[NDArray[np.float32]], Outputs]:
    """Train one model; returns its outputs as a function."""
    if model == BASELINE:
        from training.sequence.networks.trees import fit_trees

        return fit_trees((train.arrays(), train.targets), None, train.kind, params.seed).outputs
    from training.sequence.fitting.training import FitSettings, fit_network
    from training.sequence.networks.fitted import FittedNetwork

    settings = FitSettings(
        model,
        params.batch_options[0],
        params.lr_options[0],
        params.epochs_limit,
        params.patience,
        params.seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        done = fit_network(train, validation, settings, Path(folder) / "checkpoint.npz")
    return FittedNetwork(model, done.weights, train.fitted_scaling, train.kind).outputs


def held_out_outputs(
    data: LabelledClips,
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    models: Sequence[str],
    params: SequenceParams,
) -> tuple[Samples, dict[str, Outputs]]:
    """Outputs for every clip, by models that have not seen its fold."""
    found: dict[str, Outputs] = {}
    everything = None
    for rest, test in folds:
        learned = data.rows(rest)
        parts = split_clips(learned, 0.2, 0.01, params.seed)
        inner = np.concatenate([parts.train, parts.test])
        for model in models:
            steps = Preprocessing(params.preprocessing, sequence_spec(params), params.seed)
            # The baseline needs no clips to decide when to stop, and learns from all of them.
            train = steps.fit(learned if model == BASELINE else learned.rows(inner))
            validation = steps.transform(learned.rows(parts.validation))
            tested = steps.transform(data.rows(test))
            everything = everything or steps.transform(data)
            outputs = fit(model, train, validation, params)(tested.arrays())
            found.setdefault(model, np.zeros((len(data), outputs.shape[1]), dtype=np.float32))
            found[model][test] = outputs
    if everything is None:
        raise ValueError("there are no folds")
    return everything, found


def group_folds(
    groups: NDArray[np.str_], n_folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Folds by group."""
    from sklearn.model_selection import GroupKFold

    folds = GroupKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(groups, groups=groups))


def ungrouped(data: LabelledClips) -> LabelledClips:
    """The same clips, each in a group of its own."""
    names = np.array([f"clip {number}" for number in range(len(data))])
    return LabelledClips(data.clips, data.targets, names, data.kind)


def uiprmd(path: Path) -> Iterator[tuple[int, LabelledClips]]:
    """The ten movements: correct and incorrect repetitions, by person."""
    content = np.load(path)
    ends = np.cumsum(content["length"])
    for movement in range(1, 11):
        rows = np.flatnonzero(content["movement"] == movement)
        clips = []
        for row in rows:
            frames = slice(ends[row] - content["length"][row], ends[row])
            points = skeleton_points(content["positions_m"][frames].astype(float), UIPRMD_22)
            clips.append(Clip(str(row), np.arange(len(points)) / _FRAMES_PER_S, points))
        targets = np.where(content["correct"][rows], 100.0, 0.0)
        groups = np.array([f"person {subject}" for subject in content["subject"][rows]])
        yield movement, LabelledClips(tuple(clips), targets, groups, "correct")


def exercise6(path: Path) -> LabelledClips:
    """Six exercises; neighbouring segments and flipped copies share a group."""
    content = np.load(path)
    points = content["X"].astype(float).reshape(len(content["X"]), -1, 33, 4)
    times_s = np.arange(points.shape[1]) / _FRAMES_PER_S
    clips = tuple(Clip(str(number), times_s, clip) for number, clip in enumerate(points))
    return LabelledClips(clips, content["y"], content["group"], "labels")


def keypoints17(path: Path) -> LabelledClips:
    """Correct and incorrect push-ups and squats, each recording a group of its own."""
    content = np.load(path)
    clips, targets = [], []
    for key in content.files:
        given = content[key].astype(float)
        points = skeleton_points(given[..., [1, 0]], COCO_17, given[..., 2])
        clips.append(Clip(key, np.arange(len(points)) / _FRAMES_PER_S, points))
        targets.append(100.0 if "__correct__" in key else 0.0)
    return LabelledClips(tuple(clips), np.array(targets), np.array(content.files), "correct")


def _settings(**changes: object) -> SequenceParams:
    usual = {"batch_options": (32,), "lr_options": (1e-3,), "epochs_limit": 60, "patience": 10}
    return SequenceParams(**(usual | changes))  # type: ignore[arg-type]


def run_uiprmd(data: Path, models: Sequence[str], and_ungrouped: bool) -> None:
    """Each person held out in turn; mean of the movements."""
    # A side lunge to the left is not one to the right, and copies must not teach otherwise.
    steps = PreprocessingParams(augmentations=("time_warp", "jitter"))
    params = _settings(preprocessing=steps)
    scores: dict[str, list[tuple[float, float]]] = {}
    for movement, clips in uiprmd(data / "form" / "uiprmd_kinect.npz"):
        arrangements = {"": clips}
        if and_ungrouped:
            arrangements[", ungrouped"] = ungrouped(clips)
        for suffix, arranged in arrangements.items():
            folds = group_folds(arranged.groups, 10, params.seed)
            samples, outputs = held_out_outputs(arranged, folds, models, params)
            correct = samples.targets > 0.5
            for model, given in outputs.items():
                one = given[:, 0].astype(np.float64)
                pair = roc_auc(correct, one), roc_auc_within(correct, one, clips.groups)
                scores.setdefault(model + suffix, []).append(pair)
                line = f"movement {movement}, {model}{suffix}: {pair[0]:.3f} {pair[1]:.3f}"
                print(line, flush=True)
    for name, pairs in scores.items():
        over, within = np.mean(pairs, axis=0)
        print(f"UI-PRMD, {name}: ROC AUC over all {over:.3f}, within a person {within:.3f}")


def run_grouped(
    name: str, clips: LabelledClips, models: Sequence[str], params: SequenceParams, n_folds: int = 5
) -> None:
    """Cross-validation by group, and without regard to groups."""
    arrangements = {"": clips}
    if len(np.unique(clips.groups)) < len(clips):
        arrangements[", ungrouped"] = ungrouped(clips)
    for suffix, arranged in arrangements.items():
        folds = group_folds(arranged.groups, n_folds, params.seed)
        samples, outputs = held_out_outputs(arranged, folds, models, params)
        for model, given in outputs.items():
            print(f"{name}, {model}{suffix}: {evaluate(samples, given)}", flush=True)


def run_speed() -> None:
    """Milliseconds per sequence through onnxruntime, the median of many."""
    from shared_features.classify.onnx_file import open_session
    from training.sequence.networks.fitted import FittedNetwork
    from training.sequence.networks.models import NETWORKS
    from training.sequence.preprocessing.samples import Scaling

    scaling = Scaling(np.zeros(133, dtype=np.float32), np.ones(133, dtype=np.float32))
    sequence = np.random.default_rng(0).normal(size=(1, 16, 133)).astype(np.float32)
    for name, network in NETWORKS.items():
        model = FittedNetwork(name, network.initial(1, 0), scaling, "points")
        session = open_session(Path(name), model.to_onnx().SerializeToString(), "")
        times = []
        for _ in range(300):
            started = time.perf_counter()
            session.run(None, {"sequences": sequence})
            times.append(time.perf_counter() - started)
        print(f"one sequence, {name}: {np.median(times) * 1000:.2f} ms")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of real recordings")
    everything = ["bilstm", "gru", "tcn", "graph", BASELINE]
    parser.add_argument("--models", nargs="+", default=everything, choices=everything)
    parser.add_argument("--only", choices=["uiprmd", "exercise6", "keypoints17", "speed"])
    parser.add_argument(
        "--ungrouped", action="store_true", help="for UI-PRMD: a careless split too"
    )
    arguments = parser.parse_args()
    data, models, only = arguments.data, arguments.models, arguments.only
    if only in (None, "speed"):
        run_speed()
    if only in (None, "keypoints17"):
        clips = keypoints17(data / "form" / "keypoints17_correct_incorrect.npz")
        still = PreprocessingParams(augment=False)
        params = _settings(rotate=True, preprocessing=still)
        run_grouped("keypoints17", clips, models, params)
    if only in (None, "exercise6"):
        clips = exercise6(data / "landmarks" / "exercise6_sequences.npz")
        run_grouped("exercise6", clips, models, _settings())
    if only in (None, "uiprmd"):
        run_uiprmd(data, models, arguments.ungrouped)


if __name__ == "__main__":
    console.run(main)
