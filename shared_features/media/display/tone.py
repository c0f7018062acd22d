"""HDR to ordinary video: tone mapping from HLG or PQ to BT.709.

White of ordinary video is shown at 100 nits, and everything up to 70 % of its signal stays as
bright as it was meant to be, so a scene that would fit into ordinary video looks as if it had been
recorded that way. What is brighter, up to 1,000 nits, is rolled off smoothly into the rest
of the range.
"""

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

# Transfer characteristics by ITU-T H.273.
PQ, HLG = 16, 18
BT709 = 1
_WHITE_NITS, _PEAK_NITS = 100.0, 1000.0
# Signal, not light, up to which nothing changes.
_KNEE = 0.7
# Display gamma of ordinary video (ITU-R BT.1886).
_GAMMA = 2.4
# From BT.2020 primaries to those of BT.709, in linear light (ITU-R BT.2087).
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    dtype=np.float32,
)
_LEVELS = 65536


def hdr_of(transfer: int) -> Literal["HLG", "PQ"] | None:
    """The kind of HDR that a transfer characteristic means; None for ordinary video."""
    return "PQ" if transfer == PQ else "HLG" if transfer == HLG else None


def tone_mapped(rgb: NDArray[np.uint16], transfer: int, primaries: int) -> NDArray[np.uint8]:
    """An HDR image as ordinary RGB of BT.709.

    Args:
        rgb: ``(height, width, 3)`` uint16 as stored: 65535 is the largest signal.
        transfer: ``PQ`` or ``HLG``.
        primaries: Colour primaries by ITU-T H.273; all but those of BT.709 count as BT.2020.
    """
    signals, codes = _tables(transfer)
    light = cv2.LUT(rgb, signals)
    if primaries != BT709:
        light = cv2.transform(light, _TO_BT709)
    # The second table is indexed by the square root of light, which is nearly even to the eye.
    np.clip(light, 0, _PEAK_NITS / _WHITE_NITS, out=light)
    index = (np.sqrt(light) * _per_root()).astype(np.uint16)
    return np.asarray(cv2.LUT(index, codes), dtype=np.uint8)


@lru_cache(maxsize=2)
def _tables(transfer: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Light, in units of white, of each stored signal; and the new signal by its square root."""
    signal = np.linspace(0, 1, _LEVELS)
    nits = _pq_nits(signal) if transfer == PQ else _hlg_nits(signal)
    light = np.minimum(nits, _PEAK_NITS) / _WHITE_NITS
    codes = _rolled_off((np.arange(_LEVELS) / _per_root()) ** 2)
    return light.astype(np.float32), np.rint(255 * codes).astype(np.uint8)


def _per_root() -> float:
    return float((_LEVELS - 1) / np.sqrt(_PEAK_NITS / _WHITE_NITS))


def _rolled_off(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The signal 0 … 1 of BT.709 for light in units of white.

    Above the knee, Reinhard's curve for a known peak (Reinhard et al. 2002, equation 4), which
    leaves the knee without a kink and reaches 1 at the peak.
    """
    signal = light ** (1 / _GAMMA)
    peak = ((_PEAK_NITS / _WHITE_NITS) ** (1 / _GAMMA) - _KNEE) / (1 - _KNEE)
    above = np.clip((signal - _KNEE) / (1 - _KNEE), 0, peak)
    rolled = _KNEE + (1 - _KNEE) * above * (1 + above / peak**2) / (1 + above)
    return np.where(signal < _KNEE, signal, rolled)


def _pq_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Display light of a PQ signal (SMPTE ST 2084)."""
    m1, m2 = 2610 / 16384, 2523 / 32
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
    root = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Display light of an HLG signal at a peak of 1,000 nits (ITU-R BT.2100).

    The display's gamma of 1.2 is applied to each channel, not to luminance; greys are the same.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(1000 * scene**1.2)
