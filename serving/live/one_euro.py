"""The One-Euro filter: steady when the body is still, quick when it moves.

Casiez, Roussel, Vogel: 1 € Filter, CHI 2012, https://doi.org/10.1145/2207676.2208639.
"""

import math

import numpy as np
from numpy.typing import NDArray

# The paper's own value for the smoothing of the speed.
_SPEED_CUTOFF_HZ = 1.0


class OneEuroFilter:
    """Smooths an array that changes over time.

    Args:
        min_cutoff_hz: cut-off frequency at rest; lower is steadier.
        beta: by how many Hz the cut-off rises per unit of speed; higher lags less.
    """

    def __init__(self, min_cutoff_hz: float, beta: float) -> None:
        self._min_cutoff_hz = min_cutoff_hz
        self._beta = beta
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next value is passed on as it is."""
        self._time_s = -math.inf
        self._value: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None

    def add(self, time_s: float, value: NDArray[np.floating]) -> NDArray[np.float64]:
        """The smoothed value, of the same shape.

        Args:
            time_s: later than the one before.
            value: of any shape, the same every time.
        """
        step_s = time_s - self._time_s
        self._time_s = time_s
        current = value.astype(np.float64)
        if self._value is None or self._speed is None:
            self._value, self._speed = current, np.zeros_like(current)
            return current
        speed = (current - self._value) / step_s
        self._speed = self._speed + _weight(_SPEED_CUTOFF_HZ, step_s) * (speed - self._speed)
        cutoff_hz = self._min_cutoff_hz + self._beta * np.abs(self._speed)
        self._value = self._value + _weight(cutoff_hz, step_s) * (current - self._value)
        return self._value


def _weight(cutoff_hz: NDArray[np.float64] | float, step_s: float) -> NDArray[np.float64]:
    """How much of a step towards the new value an exponential filter takes, 0 to 1."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * cutoff_hz * step_s)))
