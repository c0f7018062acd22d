"""The One-Euro filter: steady while the body is still, quick while it moves.

Casiez, Roussel, Vogel: 1 € Filter, CHI 2012, https://doi.org/10.1145/2207676.2208639.
"""

import math

import numpy as np
from numpy.typing import NDArray

# The cut-off for the speed that the paper uses.
_SPEED_CUTOFF_HZ = 1.0


class OneEuroFilter:
    """Smooths an array that changes over time.

    Args:
        min_cutoff_hz: Cut-off frequency at rest; lower is steadier.
        beta: Rise of the cut-off in Hz per unit of speed; higher lags less.
    """

    def __init__(self, min_cutoff_hz: float, beta: float) -> None:
        self._min_cutoff_hz = min_cutoff_hz
        self._beta = beta
        self.reset()

    def reset(self) -> None:
        """Forget the past; the next value passes unchanged."""
        self._time_s = -math.inf
        self._value: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None

    def add(self, time_s: float, value: NDArray[np.floating]) -> NDArray[np.float64]:
        """The smoothed value, of the same shape.

        Args:
            time_s: Time in seconds, later than the one before.
            value: Array of any shape, the same in every call.
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
    """Share of the step to the new value that an exponential filter takes, 0 to 1."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * cutoff_hz * step_s)))
