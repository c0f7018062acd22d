"""How far a score can be trusted: a grouped split, a careless split, and a simple baseline.

``STRAPS_PARAMS=… python -m benchmarks.leakage`` scores the model of params.yaml on the project's
``final_features.csv``, in three cross-validations:

- grouped: a recording, its copies and its near-duplicates share a fold, as in ``train``;
- careless: single frames, mirror images included, are assigned to folds at random, as if they were
  independent;
- neighbours: on the grouped folds, a classifier of the five nearest neighbours of hip-centred,
  torso-scaled world landmarks.
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
    """Folds that ignore recordings and also score mirror images."""
    shuffled = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return [Fold(train, test) for train, test in shuffled.split(data.features, data.codes)]


def neighbours_f1(data: Dataset, folds: list[Fold], landmarks: Path) -> tuple[float, float]:
    """Mean and standard deviation of the baseline's macro F1 over the folds."""
    real = np.flatnonzero(~data.augmented)
    position = np.full(len(data), -1)
    position[real] = np.arange(len(real))
    rows = data.rows(real)
    positions = _hip_centred(collect_held_out(rows, landmarks).world)
    scores = []
    for fold in folds:
        train, test = position[fold.train[~data.augmented[fold.train]]], position[fold.test]
        baseline = KNeighborsClassifier(_NEIGHBOURS).fit(positions[train], rows.codes[train])
        scores.append(_f1(data, rows.codes[test], baseline.predict_proba(positions[test])))
    return float(np.mean(scores)), float(np.std(scores))


def model_f1(data: Dataset, folds: list[Fold], settings: FitSettings) -> tuple[float, float]:
    """Mean and standard deviation of the model's macro F1 over the folds."""
    scores = []
    for fold in folds:
        model = fit_model(data.rows(fold.train), settings)
        probabilities = model.predict_proba(data.features[fold.test])
        scores.append(_f1(data, data.codes[fold.test], probabilities))
    return float(np.mean(scores)), float(np.std(scores))


def _f1(data: Dataset, truth: NDArray[np.int64], probabilities: NDArray[Any]) -> float:
    return score("f1_macro", truth, probabilities, len(data.labels))


def _hip_centred(world: NDArray[np.float32]) -> NDArray[np.float64]:
    def middle(joint: str) -> NDArray[np.float64]:
        ends = [world[:, LANDMARK_INDEX[f"{side}_{joint}"]] for side in ("LEFT", "RIGHT")]
        return np.mean(ends, axis=0, dtype=np.float64)

    hips, neck = middle("HIP"), middle("SHOULDER")
    torso_m = np.linalg.norm(neck - hips, axis=1)
    scaled = (world - hips[:, np.newaxis]) / torso_m[:, np.newaxis, np.newaxis]
    return np.asarray(scaled.reshape(len(world), -1))


def main() -> None:
    """Print the scores."""
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
