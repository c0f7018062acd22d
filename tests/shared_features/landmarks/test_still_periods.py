"""A body is still when the picture says so, whatever is taken for left and right."""

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import MIRROR_ORDER
from shared_features.landmarks.still_periods import still_periods

N = 40
TIMES = np.arange(N) / 20


@pytest.fixture
def body() -> NDArray[np.float32]:
    """A body that keeps still but for some noise, ``(40, 33, 2)``."""
    random = np.random.default_rng(5)
    one = random.uniform(0.3, 0.7, (1, 33, 2))
    return (one + random.normal(0, 0.004, (N, 33, 2))).astype(np.float32)


def test_noise_is_no_movement(body: NDArray[np.float32]) -> None:
    """One period, although the landmarks are never the same."""
    assert set(still_periods(TIMES, body, 1.5, 0.5)) == {0}


def test_taking_left_for_right_is_no_movement(body: NDArray[np.float32]) -> None:
    """In single frames and for good, as on a body seen from the side."""
    swapped = body.copy()
    swapped[7::5] = body[7::5][:, MIRROR_ORDER]
    swapped[25:] = body[25:][:, MIRROR_ORDER]
    assert set(still_periods(TIMES, swapped, 1.5, 0.5)) == {0}


def test_a_movement_begins_another_period(body: NDArray[np.float32]) -> None:
    """At the frame in which it is seen."""
    body[20:, :, 1] += 0.1
    assert still_periods(TIMES, body, 1.5, 0.5).tolist() == [0] * 20 + [1] * 20


def test_a_slow_movement_ends_a_period_as_well(body: NDArray[np.float32]) -> None:
    """Positions are compared with the mean over the period, not with the frame before."""
    body[:, :, 0] += np.linspace(0, 0.3, N)[:, None].astype(np.float32)
    assert still_periods(TIMES, body, 1.5, 0.5).max() >= 2


def test_gaps_and_breaks_begin_another_period(body: NDArray[np.float32]) -> None:
    """A short time without a person does not, and has no period itself."""
    body[5:8] = np.nan
    body[15:30] = np.nan
    numbers = still_periods(TIMES, body, 1.5, 0.5, breaks=[35])
    expected = [0] * 5 + [-1] * 3 + [0] * 7 + [-1] * 15 + [1] * 5 + [2] * 5
    assert numbers.tolist() == expected
