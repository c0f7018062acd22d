"""How far raters are from each other: the ceiling that no model of their scores can pass."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from training.sequence.data.ratings import Rating
from training.words import counted

_FEW_CLIPS = 10


@dataclass(frozen=True)
class RaterAgreement:
    """One rater against the mean of the clip's other raters.

    Attributes:
        rater: The rater.
        ratings: Number of ratings.
        shared: Number of them on clips with other ratings.
        generosity: By how many points this rater is above the others, on average.
        distance: Mean absolute difference from the others' mean, in points.
        spearman: Rank correlation with that mean; NaN if it is not defined.
    """

    rater: str
    ratings: int
    shared: int
    generosity: float
    distance: float
    spearman: float


@dataclass(frozen=True)
class RaterReport:
    """The agreement of all raters.

    Attributes:
        raters: Each rater against the others.
        clips: Number of rated clips.
        shared_clips: Number of clips with more than one rater.
        mean_difference: Mean absolute difference of two raters of a clip, in points.
        same_generosity: The same after each rater's generosity is taken off.
        distance: Mean absolute difference of a rating from the mean of the clip's other ratings:
            what a further expert would reach as a "model".
        spearman: Rank correlation of a rating with that mean.
        spread_of_the_mean: Standard deviation of the mean of a clip's ratings around the score that
            many raters would agree on, in points.
    """

    raters: tuple[RaterAgreement, ...]
    clips: int
    shared_clips: int
    mean_difference: float
    same_generosity: float
    distance: float
    spearman: float
    spread_of_the_mean: float

    @property
    def ceiling_mae(self) -> float:
        """The least mean absolute error that can be measured against these means, in points.

        A perfect model still differs from the mean of a few raters by that mean's own error; for
        normally distributed errors the mean absolute value is √(2/π) of the standard deviation.
        """
        return float(np.sqrt(2 / np.pi) * self.spread_of_the_mean)

    def lines(self) -> list[str]:
        """The report as a person would read it."""
        total = sum(rater.ratings for rater in self.raters)
        lines = [
            f"{counted(total, 'rating')} of {counted(self.clips, 'clip')} by "
            f"{counted(len(self.raters), 'rater')}; clips with more than one: {self.shared_clips}."
        ]
        if not self.shared_clips:
            return [
                *lines,
                "Without a second rater it is unknown how far raters are apart, and how good a "
                "model could be. Have some of the clips rated by somebody else as well.",
            ]
        lines += ["", "rater         ratings   against the mean of the others"]
        for rater in self.raters:
            agreement = "shares no clip with the others"
            if rater.shared:
                ranks = "" if np.isnan(rater.spearman) else f", Spearman {rater.spearman:.2f}"
                agreement = (
                    f"{abs(rater.generosity):4.1f} points "
                    f"{'more' if rater.generosity >= 0 else 'less'}, "
                    f"{rater.distance:4.1f} apart{ranks}"
                )
            few = "  (too few to say)" * (0 < rater.shared < _FEW_CLIPS)
            lines.append(f"{rater.rater:13} {rater.ratings:7}   {agreement}{few}")
        return [
            *lines,
            "",
            f"Two raters of a clip differ by {self.mean_difference:.1f} points on average; "
            f"{self.same_generosity:.1f} if all were equally generous.",
            f"A rating differs from the mean of the others by {self.distance:.1f} points "
            f"(Spearman {self.spearman:.2f}): a model that gets there judges like one of them.",
            f"The mean of a clip's ratings is itself uncertain by ± {self.spread_of_the_mean:.1f} "
            f"points. Even a perfect model would therefore be measured with a mean absolute error "
            f"of about {self.ceiling_mae:.1f} points; none can show less.",
        ]


def rater_report(ratings: Sequence[Rating]) -> RaterReport:
    """Compare the raters of all clips; ratings without a name count as one rater's."""
    by_clip: dict[tuple[str, float, float], dict[str, float]] = defaultdict(dict)
    for rating in ratings:
        by_clip[rating.clip][rating.rater or "one rater"] = rating.points
    shared = [scores for scores in by_clip.values() if len(scores) > 1]
    against: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for scores in shared:
        total = sum(scores.values())
        for rater, points in scores.items():
            against[rater].append((points, (total - points) / (len(scores) - 1)))
    counts = Counter(rating.rater or "one rater" for rating in ratings)
    raters = tuple(_agreement(name, counts[name], against[name]) for name in sorted(counts))
    generosity = {rater.rater: rater.generosity for rater in raters}
    level = [
        {name: points - generosity[name] for name, points in scores.items()} for scores in shared
    ]
    pairs = [pair for of_rater in against.values() for pair in of_rater]
    return RaterReport(
        raters=raters,
        clips=len(by_clip),
        shared_clips=len(shared),
        mean_difference=_mean_difference(shared),
        same_generosity=_mean_difference(level),
        distance=_mean([abs(own - others) for own, others in pairs]),
        spearman=_spearman(pairs),
        spread_of_the_mean=float(
            np.sqrt(
                _mean(
                    [float(np.var([*scores.values()], ddof=1)) / len(scores) for scores in shared]
                )
            )
        ),
    )


def _agreement(rater: str, ratings: int, pairs: Sequence[tuple[float, float]]) -> RaterAgreement:
    differences = [own - others for own, others in pairs]
    return RaterAgreement(
        rater=rater,
        ratings=ratings,
        shared=len(pairs),
        generosity=_mean(differences),
        distance=_mean(np.abs(differences).tolist()),
        spearman=_spearman(pairs),
    )


def _variance_of_mean(scores: dict[str, float]) -> float:
    return float(np.var([*scores.values()], ddof=1)) / len(scores)


def _mean_difference(clips: Sequence[dict[str, float]]) -> float:
    return _mean([abs(a - b) for scores in clips for a, b in combinations(scores.values(), 2)])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _spearman(pairs: Sequence[tuple[float, float]]) -> float:
    """Rank correlation; NaN for few values, or values that are all the same."""
    from scipy.stats import spearmanr

    if len(pairs) < _FEW_CLIPS:
        return float("nan")
    first, second = zip(*pairs, strict=True)
    if len(set(first)) < 2 or len(set(second)) < 2:
        return float("nan")
    return float(spearmanr(first, second).statistic)
