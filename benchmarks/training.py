"""The toolkit's three long jobs besides extraction: ``python -m benchmarks.training``.

- features of a million frames, compared with one pass over everything and with single frames;
- ``make-features`` and ``combine-features`` of 500 recordings;
- one trial of a search on 100,000 rows, divided into growing trees, which is XGBoost's part, and
  everything else, which is ours.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import xgboost

from benchmarks.results import Results
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from shared_features.runtime import console
from training.data.combine import combine
from training.data.dataset import Dataset
from training.data.feature_tables import make_feature_tables
from training.data.splits import grouped_folds
from training.learning.estimators.fitting import FitSettings
from training.learning.search.boosting import ROUNDS, boosted_curve
from training.params import load_all
from training.synthetic.poses.table import LABELS
from training.synthetic.samples import LandmarkSamples, generate_landmarks

MILLION = 1_000_000
N_GENERATED = 4000
N_ONE_PASS, N_SINGLE = 200_000, 2000
N_RECORDINGS, FRAMES_EACH = 500, 100
TRIAL_ROWS, TRIAL_ROUNDS, FOLDS = 100_000, 10, 5
SEED = 5


def duration_s(work: Callable[[], object]) -> float:
    """Duration in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def million_frames(samples: LandmarkSamples, results: Results) -> None:
    """Time the features alone."""
    spec, times = FeatureSpec(), MILLION // len(samples.image)
    image, world = np.tile(samples.image, (times, 1, 1)), np.tile(samples.world, (times, 1, 1))

    def frames_per_s(n_frames: int) -> float:
        some = image[:n_frames], world[:n_frames]
        return n_frames / duration_s(lambda: spec.compute(*some, 16 / 9))

    usual = frames_per_s(MILLION)
    with mock.patch.object(spec, "_BLOCK_FRAMES", N_ONE_PASS):
        one_pass = frames_per_s(N_ONE_PASS)
    start = time.perf_counter()
    for row in range(N_SINGLE):
        spec.compute(image[row : row + 1], world[row : row + 1], 16 / 9)
    single = N_SINGLE / (time.perf_counter() - start)
    results.note("features of a million frames, frames per second", usual)
    results.note("features: times as fast as in one pass", usual / one_pass)
    results.note("features: times as fast as frame by frame", usual / single)


def many_recordings(samples: LandmarkSamples, folder: Path, results: Results) -> None:
    """Time the way from landmark and label tables to ``final_features.csv``."""
    _, training = load_all()
    names = ("labels", "landmarks", "features", "final_features")
    data = training.data.model_copy(update={name: folder / name for name in names})
    for name in ("labels", "landmarks"):
        (folder / name).mkdir()
    random, spec = np.random.default_rng(SEED), FeatureSpec()
    times = np.arange(FRAMES_EACH) / 30
    for number in range(N_RECORDINGS):
        clip, chosen = f"clip{number:03}", random.integers(0, len(samples.image), FRAMES_EACH)
        landmarks = samples.image[chosen], samples.world[chosen]
        track = LandmarkTrack(f"{clip}.mp4", 1280, 720, times, *landmarks, {})
        write_track(track, data.landmarks / f"video_{clip}_landmarks.csv")
        label = LABELS[number % len(LABELS)]
        rows = [f"{frame},video_{clip}.mp4,{label}\n" for frame in range(FRAMES_EACH)]
        table = data.labels / f"video_{clip}_labeled.csv"
        table.write_text("frame_number,filename,label\n" + "".join(rows), encoding="utf-8")
    made_s = duration_s(
        lambda: make_feature_tables(
            data.landmarks, data.features, spec, False, None, lambda done: None
        )
    )
    combined_s = duration_s(lambda: combine(data, spec, LABELS, lambda done: None))
    results.note(f"make-features, {N_RECORDINGS} recordings, s", made_s)
    results.note(f"combine-features, {N_RECORDINGS} recordings, s", combined_s)
    rows_per_s = N_RECORDINGS * FRAMES_EACH / combined_s
    results.note("combine-features, rows per second", rows_per_s)


def one_trial(samples: LandmarkSamples, results: Results) -> None:
    """Time a cross-validation with a score after each round."""
    random, spec = np.random.default_rng(SEED), FeatureSpec()
    chosen = random.integers(0, len(samples.image), TRIAL_ROWS)
    noise = random.normal(0, 0.01, (TRIAL_ROWS, 1, 1)).astype(np.float32)
    codes = np.array([LABELS.index(label) for label in samples.labels.tolist()])[chosen]
    groups = samples.groups.astype(str)[chosen]
    data = Dataset(
        columns=spec.columns,
        labels=LABELS,
        features=spec.compute(samples.image[chosen] + noise, samples.world[chosen], 16 / 9),
        codes=codes,
        groups=groups,
        filenames=groups,
        frame_numbers=np.arange(TRIAL_ROWS),
        augmented=np.zeros(TRIAL_ROWS, dtype=bool),
    )
    folds = grouped_folds(data, FOLDS, SEED)
    settings = FitSettings("xgb", SEED, hyperparameters={ROUNDS: TRIAL_ROUNDS})
    growing_s, real = [], xgboost.Booster.update

    def update(*arguments: object) -> None:
        growing_s.append(duration_s(lambda: real(*arguments)))

    with mock.patch.object(xgboost.Booster, "update", update):
        whole_s = duration_s(lambda: boosted_curve(data, folds, settings, "f1_macro"))
    name = f"trial, {TRIAL_ROWS:,} rows, {FOLDS} folds, {TRIAL_ROUNDS} rounds"
    results.note(f"{name}, s", whole_s)
    results.note("trial: share of growing trees", sum(growing_s) / whole_s)
    rest_s = whole_s - sum(growing_s)
    results.note("trial: everything else, s", rest_s)


def run() -> Results:
    """Run all three."""
    results = Results(f"{N_GENERATED:,} generated bodies, repeated")
    samples = generate_landmarks(N_GENERATED, SEED)
    million_frames(samples, results)
    with tempfile.TemporaryDirectory() as folder:
        many_recordings(samples, Path(folder), results)
    one_trial(samples, results)
    return results


if __name__ == "__main__":
    console.run(lambda: run().print())
