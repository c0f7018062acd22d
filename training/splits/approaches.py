"""Ways of finding key moments, behind one interface and chosen by name.

Each generates its samples, trains on them, and predicts the moments of a reference in a target. A
new one is a class here or in a module of its own, and an entry in ``APPROACHES``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.alignment import align
from shared_features.alignment.moments import find_moments
from shared_features.params import SharedParams
from training.errors import DatasetError
from training.split_params import PairTask, SplitParams
from training.splits.clips import Scale, clips
from training.splits.recordings import SplitRecording, held_out, stored_features
from training.splits.samples import ClipPair, classifier_pairs, regressor_pairs
from training.words import counted

Report = Callable[[str], None]
Prediction = list[float | None]

_GRID_S = 0.12
# An offset within this is a sighting of the moment.
_NEAR_S = 0.6


class Approach(ABC):
    """A way of finding key moments.

    Args:
        params: All settings of the splits.
    """

    def __init__(self, params: SplitParams) -> None:
        self._params = params

    def generate_samples(self, recordings: Sequence[SplitRecording]) -> list[ClipPair]:
        """What it learns from; nothing by default."""
        return []

    def write_features(self, paths: Sequence[Path], shared: SharedParams) -> int:
        """Compute and store the features of recordings; returns how many."""
        for path in paths:
            stored_features(path, self._params, shared)
        return len(paths)

    def train(self, recordings: Sequence[SplitRecording], report: Report) -> None:
        """Learn from recordings; nothing by default."""
        report(f"{type(self).__name__} trains nothing ({counted(len(recordings), 'recording')}).")

    @abstractmethod
    def predict(self, reference: SplitRecording, target: SplitRecording) -> Prediction:
        """Times of the reference's moments in the target; None where one was not found."""


class ByAlignment(Approach):
    """Dynamic time warping; nothing is trained."""

    def predict(self, reference: SplitRecording, target: SplitRecording) -> Prediction:
        """See ``Approach.predict``."""
        alignment = align(reference.sequence, target.sequence)
        return [moment.target_s for moment in find_moments(alignment, reference.splits_s)]


class RelativePosition(Approach):
    """The trivial answer: the same share of the recording."""

    def predict(self, reference: SplitRecording, target: SplitRecording) -> Prediction:
        """See ``Approach.predict``."""
        share = target.sequence.duration_s / reference.sequence.duration_s
        return [time_s * share for time_s in reference.splits_s]


class _ByPairs(Approach):
    """A network on pairs of clips, in ``folder/NAME.npz``."""

    task: PairTask

    def generate_samples(self, recordings: Sequence[SplitRecording]) -> list[ClipPair]:
        """See ``Approach.generate_samples``."""
        rng = np.random.default_rng(self._params.seed)
        make = classifier_pairs if self.task == "classifier" else regressor_pairs
        return make(recordings, self._params, rng)

    def train(self, recordings: Sequence[SplitRecording], report: Report) -> None:
        """See ``Approach.train``."""
        from training.splits.pair_network import fit_pair_network

        kept, deciding = held_out(list(recordings), self._params.val_ratio, self._params.seed + 1)
        scale = Scale.of(kept)
        sets = [self._arrays(group, scale) for group in (kept, deciding)]
        fitted = fit_pair_network(
            sets[0],
            sets[1],
            self.task,
            self._params,
            lambda epoch, losses: report(
                f"epoch {epoch}: loss {losses['loss']:.3f}, held out {losses['held_out_loss']:.3f}"
            ),
        )
        fitted.weights["scale_mean"] = scale.mean
        fitted.weights["scale_deviation"] = scale.deviation
        fitted.save(self._path)

    def predict(self, reference: SplitRecording, target: SplitRecording) -> Prediction:
        """See ``Approach.predict``."""
        from training.splits.pair_network import FittedPairNetwork

        if not self._path.is_file():
            raise DatasetError(
                f"There is no trained {self.task} at {self._path}. Run `straps-train splits train "
                f"--approach {self.task}` first."
            )
        network = FittedPairNetwork.load(self._path, self.task)
        mean, deviation = (network.weights.pop(f"scale_{name}") for name in ("mean", "deviation"))
        scale = Scale(mean, deviation)
        grid_s = np.arange(0, target.sequence.duration_s, _GRID_S)
        ours = network.encoded(clips(reference, reference.splits_s, scale, self._params))
        theirs = network.encoded(clips(target, list(grid_s), scale, self._params))
        return self._decide(network.compared(ours, theirs), grid_s)

    @abstractmethod
    def _decide(self, outputs: NDArray[np.float64], grid_s: NDArray[np.float64]) -> Prediction:
        """From outputs ``(splits, grid)`` to times."""

    @property
    def _path(self) -> Path:
        return self._params.folder / f"{self.task}.npz"

    def _arrays(
        self, recordings: Sequence[SplitRecording], scale: Scale
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        pairs = self.generate_samples(recordings)
        if not pairs:
            raise DatasetError(
                "There are no pairs of recordings of one routine to learn from. Annotate at least "
                "two recordings of each of several routines."
            )
        by_name = {one.name: one for one in recordings}
        one, two = (
            np.concatenate(
                [
                    clips(by_name[name], [end_s], scale, self._params)
                    for name, end_s in ((self._side(pair, side)) for pair in pairs)
                ]
            )
            for side in (0, 1)
        )
        answers = [float(p.same) if self.task == "classifier" else p.offset_s for p in pairs]
        return one, two, np.array(answers, dtype=np.float32)

    @staticmethod
    def _side(pair: ClipPair, side: int) -> tuple[str, float]:
        if side == 0:
            return pair.reference, pair.reference_end_s
        return pair.target, pair.target_end_s


class ByClassifier(_ByPairs):
    """Do these two clips end at the same moment?"""

    task: PairTask = "classifier"

    def _decide(self, outputs: NDArray[np.float64], grid_s: NDArray[np.float64]) -> Prediction:
        """The times, in order, that are together most probable; none below one half."""
        gains = np.maximum(outputs, 0.0)  # a logit below 0 is worse than leaving the moment out
        best = np.zeros(outputs.shape[1] + 1)
        choices = []
        for row in gains:
            taken = best[:-1] + row
            after = np.maximum.accumulate(np.concatenate([[best[0]], np.maximum(taken, best[1:])]))
            choices.append((best, taken))
            best = after
        times: Prediction = []
        end = outputs.shape[1]
        for (before, taken), row in zip(reversed(choices), gains[::-1], strict=True):
            place = int(taken[:end].argmax()) if end else 0
            if end and row[place] > 0 and taken[place] > before[end]:
                times.append(float(grid_s[place]))
                end = place
            else:
                times.append(None)
        return times[::-1]


class ByRegressor(_ByPairs):
    """How far off is this clip?"""

    task: PairTask = "regressor"

    def _decide(self, outputs: NDArray[np.float64], grid_s: NDArray[np.float64]) -> Prediction:
        """Where the clips around say it is."""
        times: Prediction = []
        for row in outputs:
            near = np.abs(row) < _NEAR_S
            if not near.any():
                times.append(None)
                continue
            votes_s = grid_s + row
            centre_s = votes_s[np.abs(row).argmin()]
            near &= np.abs(votes_s - centre_s) < 2 * _NEAR_S
            times.append(float(np.clip(np.median(votes_s[near]), 0, grid_s[-1])))
        return times


TRIVIAL = "relative position"
APPROACHES: dict[str, type[Approach]] = {
    "alignment": ByAlignment,
    "classifier": ByClassifier,
    "regressor": ByRegressor,
    TRIVIAL: RelativePosition,
}
