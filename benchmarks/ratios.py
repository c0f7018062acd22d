"""Times alternative functions in turn and compares them by the ratios of their durations."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """How many times as fast the second function is.

    Attributes:
        first_s: Duration of each run of the first function.
        second_s: Duration of each run of the second function, directly after the first one.
    """

    first_s: tuple[float, ...]
    second_s: tuple[float, ...]

    @property
    def values(self) -> list[float]:
        """The ratio of each pair of runs."""
        return [a / b for a, b in zip(self.first_s, self.second_s, strict=True)]

    def __str__(self) -> str:
        ratios = self.values
        return (
            f"{statistics.median(ratios):.2f}× (from {min(ratios):.2f}× to {max(ratios):.2f}×, "
            f"{len(ratios)} pairs)"
        )


def measure(first: Callable[[], object], second: Callable[[], object], pairs: int) -> Ratio:
    """Time both functions in turn, after a warm-up run of each."""
    first()
    second()
    durations = [(_duration_s(first), _duration_s(second)) for _ in range(pairs)]
    return Ratio(tuple(a for a, _ in durations), tuple(b for _, b in durations))


def in_turn(
    first: Callable[[], object], others: Mapping[str, Callable[[], object]], rounds: int
) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Time one function and several others in turn, round by round.

    Durations that are compared are thus measured close to each other. All functions but the first
    get a warm-up run here; the caller must have run the first one.

    Returns:
        Durations of the first function, and of each other one by name.
    """
    for other in others.values():
        other()
    first_s: list[float] = []
    others_s: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(rounds):
        first_s.append(_duration_s(first))
        for name, other in others.items():
            others_s[name].append(_duration_s(other))
    return tuple(first_s), {name: tuple(each) for name, each in others_s.items()}


def _duration_s(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
