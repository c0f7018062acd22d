"""What a table's score is worth: split by recordings, split carelessly, and a simple rival.

``STRAPS_PARAMS=… python -m benchmarks.leakage`` scores the model of params.yaml on the project's
``final_features.csv``, three times by cross-validation:

- grouped: a recording, its copies and near-duplicates are on one side (what ``train`` does);
- careless: frames are dealt out one by one, mirror images included, as if they had nothing to do
  with each other;
- on the grouped folds, the five nearest neighbours of hip-centred, torso-scaled world landmarks.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from training.data.dataset import Dataset
from training.data.splits import Fold, grouped_folds
from training.data.training_data import read_training_data
from training.learning.estimators.fitting import FitSettings, fit_model, fit_settings
from training.learning.evaluation.held_out import collect_held_out
from training.learning.evaluation.scores import score
from training.params import load_all

_NEIGHBOURS = 5


def careless_folds(data: Dataset, n_folds: int, seed: int) -> list[Fold]:
    """Folds that know nothing of recordings, and judge by mirror images, too."""
    dealt = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return [Fold(train, test) for train, test in dealt.split(data.features, data.codes)]


def neighbours_f1(data: Dataset, folds: list[Fold], landmarks: Path) -> tuple[float, float]:
    """Macro F1 of the simple rival, mean and deviation over the folds."""
    real = np.flatnonzero(~data.augmented)
    place = np.full(len(data), -1)
    place[real] = np.arange(len(real))
    rows = data.rows(real)
    positions = _hip_centred(collect_held_out(rows, landmarks).world)
    scores = []
    for fold in folds:
        train, test = place[fold.train[~data.augmented[fold.train]]], place[fold.test]
        rival = KNeighborsClassifier(_NEIGHBOURS).fit(positions[train], rows.codes[train])
        scores.append(_f1(data, rows.codes[test], rival.predict_proba(positions[test])))
    return float(np.mean(scores)), float(np.std(scores))


def model_f1(data: Dataset, folds: list[Fold], settings: FitSettings) -> tuple[float, float]:
    """Macro F1 of the model, mean and deviation over the folds."""
    scores = []
    for fold in folds:
        model = fit_model(data.rows(fold.train), settings)
        answers = model.predict_proba(data.features[fold.test])
        scores.append(_f1(data, data.codes[fold.test], answers))
    return float(np.mean(scores)), float(np.std(scores))


def _f1(data: Dataset, truth: NDArray[np.int64], probabilities: NDArray[Any]) -> float:
    return score("f1_macro", truth, probabilities, len(data.labels))


def _hip_centred(world: NDArray[np.float32]) -> NDArray[np.float64]:
    def middle(joint: str) -> NDArray[np.float64]:
        sides = [world[:, LANDMARK_INDEX[f"{side}_{joint}"]] for side in ("LEFT", "RIGHT")]
        return np.mean(sides, axis=0, dtype=np.float64)

    hips, neck = middle("HIP"), middle("SHOULDER")
    torso_m = np.linalg.norm(neck - hips, axis=1)
    scaled = (world - hips[:, np.newaxis]) / torso_m[:, np.newaxis, np.newaxis]
    return np.asarray(scaled.reshape(len(world), -1))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="cross-validations to average")
    n_seeds = parser.parse_args().seeds
    shared, params = load_all()
    data = read_training_data(shared, params).dataset
    settings, how = fit_settings(params), params.model_training
    for seed in range(how.seed, how.seed + n_seeds):
        folds = grouped_folds(data, how.folds, seed)
        careless = careless_folds(data, how.folds, seed)
        for name, (mean, deviation) in (
            ("grouped", model_f1(data, folds, settings)),
            ("neighbours, same folds", neighbours_f1(data, folds, params.data.landmarks)),
            ("careless", model_f1(data, careless, settings)),
        ):
            print(f"seed {seed}  {name:24} macro F1 {mean:.4f} ± {deviation:.4f}")


if __name__ == "__main__":
    main()
