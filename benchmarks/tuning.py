"""Savings from pruning bad trials early: a search with and without it, on the same generated data.

The two searches take turns, a few trials at a time, so that other load on the machine affects both
alike. Rounds of boosting are counted as well: their ratio does not depend on the machine.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from shared_features.features.spec import FeatureSpec
from training.data.dataset import Dataset
from training.data.splits import grouped_folds
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.evaluation.scores import score
from training.learning.search.boosting import ROUNDS
from training.learning.search.tune import SearchResult, SearchSettings, optimize
from training.synthetic.poses.table import LABELS
from training.synthetic.samples import generate_landmarks

METRIC = "f1_macro"
N_FOLDS = 3
MOST_ROUNDS = 150
TRIALS_AT_A_TIME = 5
N_UNSEEN = 6000
SEED = 5


def generated(n_samples: int, seed: int) -> Dataset:
    """Features of generated landmarks; samples of one performer and camera form a group."""
    spec = FeatureSpec()
    samples = generate_landmarks(n_samples, seed)
    codes = np.array([LABELS.index(label) for label in samples.labels.tolist()], dtype=np.int64)
    groups = samples.groups.astype(str)
    return Dataset(
        columns=spec.columns,
        labels=LABELS,
        features=spec.compute(samples.image, samples.world, samples.width / samples.height),
        codes=codes,
        groups=groups,
        filenames=groups,
        frame_numbers=np.arange(n_samples),
        augmented=np.zeros(n_samples, dtype=bool),
    )


class TimedSearch:
    """A search that runs in several steps.

    Attributes:
        duration_s: Duration of all steps so far, in seconds.
    """

    def __init__(self, data: Dataset, url: str, pruning: bool, processes: int = 1) -> None:
        self._data, self._url, self._pruning, self._processes = data, url, pruning, processes
        self._folds = grouped_folds(data, N_FOLDS, SEED)
        self._settings = FitSettings("xgb", SEED, hyperparameters={ROUNDS: MOST_ROUNDS})
        self.duration_s = 0.0
        self.result: SearchResult | None = None

    def advance(self, num_trials: int) -> None:
        """Continue until there are this many trials."""
        how = SearchSettings(METRIC, num_trials, self._pruning, self._processes)
        start = time.perf_counter()
        self.result = optimize(self._data, self._folds, self._settings, how, self._url)
        self.duration_s += time.perf_counter() - start

    @property
    def rounds(self) -> int:
        """Number of rounds of boosting computed, each in all folds."""
        return sum(trial.steps for trial in self._found.trials)

    def unseen_score(self, unseen: Dataset) -> float:
        """Score on unseen data of a model with the best hyperparameters."""
        settings = FitSettings("xgb", SEED, hyperparameters=self._found.hyperparameters)
        probabilities = fit_model(self._data, settings).predict_proba(unseen.features)
        return score(METRIC, unseen.codes, probabilities, len(LABELS))

    def __str__(self) -> str:
        found = self._found
        pruned = sum(trial.state == "pruned" for trial in found.trials)
        return (
            f"{len(found.trials)} trials, {pruned} pruned, {self.rounds} rounds, "
            f"{METRIC} {found.best.value:.4f} in cross-validation"
        )

    @property
    def _found(self) -> SearchResult:
        if self.result is None:
            raise RuntimeError("call advance() first")
        return self.result


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=50, help="number of trials of each search")
    parser.add_argument(
        "--samples", type=int, default=1200, help="number of generated samples to train on"
    )
    arguments = parser.parse_args()
    data, unseen = generated(arguments.samples, seed=1), generated(N_UNSEEN, seed=2)
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder) / name}.db" for name in ("all", "pruned", "shared")]
        whole = TimedSearch(data, urls[0], pruning=False)
        pruned = TimedSearch(data, urls[1], pruning=True)
        for trials in range(TRIALS_AT_A_TIME, arguments.trials + 1, TRIALS_AT_A_TIME):
            whole.advance(trials)
            pruned.advance(trials)
        shared = TimedSearch(data, urls[2], pruning=True, processes=2)
        shared.advance(arguments.trials)
    for name, search in (
        ("without pruning", whole),
        ("with pruning", pruned),
        ("with pruning, two processes on one study", shared),
    ):
        print(f"{name}: {search}, {search.unseen_score(unseen):.4f} on unseen data")
    print(
        f"pruning: {whole.rounds / pruned.rounds:.2f}× fewer rounds, "
        f"{whole.duration_s / pruned.duration_s:.2f}× as fast"
    )
    print(f"two processes: {pruned.duration_s / shared.duration_s:.2f}× as fast as one")


if __name__ == "__main__":
    main()
