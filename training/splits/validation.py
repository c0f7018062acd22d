"""How well an approach finds the key moments of held-out recordings, in seconds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from training.splits.approaches import APPROACHES, TRIVIAL, Approach, Prediction
from training.splits.recordings import SplitRecording

WITHIN_S = (0.1, 0.25, 0.5)


@dataclass(frozen=True)
class FoundSplits:
    """The splits of one reference in one target.

    Attributes:
        reference: Name of the reference.
        target: Name of the target.
        reference_s: Times of the moments in the reference.
        true_s: Their true times in the target.
        predicted_s: Predicted times; None where one was not found.
    """

    reference: str
    target: str
    reference_s: tuple[float, ...]
    true_s: tuple[float, ...]
    predicted_s: tuple[float | None, ...]

    @property
    def errors_s(self) -> list[float | None]:
        """Predicted minus true time of each moment; None where it was not found."""
        return [
            None if found is None else found - true_s
            for found, true_s in zip(self.predicted_s, self.true_s, strict=True)
        ]


@dataclass(frozen=True)
class Score:
    """The score of an approach over all held-out moments.

    Attributes:
        approach: Name of the approach.
        moments: Number of moments.
        found: Share that was found.
        median_s: Median absolute error of the found ones; NaN if there is none.
        p90_s: Its 90th percentile.
        within: Share of all moments found within 0.1, 0.25 and 0.5 s.
    """

    approach: str
    moments: int
    found: float
    median_s: float
    p90_s: float
    within: tuple[float, ...]

    def line(self) -> str:
        """One line of a table."""
        within = "  ".join(f"{share:7.0%}" for share in self.within)
        return (
            f"{self.approach:18} {self.found:6.0%}  {self.median_s:7.3f}  {self.p90_s:7.3f}  "
            f"{within}"
        )

    def values(self) -> dict[str, object]:
        """The score as plain values."""
        return asdict(self)


HEADER = f"{'approach':18} {'found':>6}  {'median':>7}  {'90 %':>7}  " + "  ".join(
    f"{f'{s} s':>7}" for s in WITHIN_S
)


def predictions(approach: Approach, held_out: Sequence[SplitRecording]) -> list[FoundSplits]:
    """The predictions for each held-out recording, by the first one of its routine."""
    found = []
    for target in held_out:
        routine = target.annotated.routine
        reference = next(one for one in held_out if one.annotated.routine == routine)
        if reference is target:
            continue
        predicted: Prediction = approach.predict(reference, target)
        found.append(
            FoundSplits(
                reference.name, target.name, reference.splits_s, target.splits_s, tuple(predicted)
            )
        )
    return found


def score(name: str, found: Sequence[FoundSplits]) -> Score:
    """The score of predictions."""
    errors = [error for one in found for error in one.errors_s]
    sizes = np.abs([error for error in errors if error is not None])
    return Score(
        approach=name,
        moments=len(errors),
        found=len(sizes) / max(1, len(errors)),
        median_s=float(np.median(sizes)) if len(sizes) else float("nan"),
        p90_s=float(np.quantile(sizes, 0.9)) if len(sizes) else float("nan"),
        within=tuple(float((sizes <= s).sum()) / max(1, len(errors)) for s in WITHIN_S),
    )


def with_trivial(names: Sequence[str]) -> list[str]:
    """The approaches, and the trivial answer after them."""
    return [*(name for name in APPROACHES if name in names and name != TRIVIAL), TRIVIAL]
