"""HDR becomes ordinary video that looks the same where it can."""

import numpy as np
import pytest

from shared_features.media.display.tone import HLG, PQ, hdr_of, tone_mapped


def signal_of(nits: float, transfer: int) -> float:
    """The HDR signal of light, by the inverse formulas of ST 2084 and BT.2100."""
    if transfer == PQ:
        power = (nits / 10_000) ** (2610 / 16384)
        return float(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))
    scene = (nits / 1000) ** (1 / 1.2)
    if scene <= 1 / 12:
        return float(np.sqrt(3 * scene))
    return float(0.17883277 * np.log(12 * scene - 0.28466892) + 0.55991073)


def mapped(rgb_nits: tuple[float, float, float], transfer: int) -> list[int]:
    """What becomes of one colour, given as light in nits and BT.2020."""
    signals = [round(65535 * signal_of(nits, transfer)) for nits in rgb_nits]
    pixels = np.array([[signals]], dtype=np.uint16)
    return [int(value) for value in tone_mapped(pixels, transfer, 9)[0, 0]]


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("grey", [16, 64, 128, 170])
def test_greys_of_ordinary_video_stay(transfer: int, grey: int) -> None:
    """Up to 70 % of the signal, with white at 100 nits."""
    nits = 100 * (grey / 255) ** 2.4
    assert mapped((nits,) * 3, transfer) == pytest.approx([grey] * 3, abs=1)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_are_rolled_off(transfer: int) -> None:
    """They stay apart from each other up to 1,000 nits, and rise without a step."""
    steps = [mapped((nits,) * 3, transfer)[0] for nits in (60, 100, 203, 400, 999)]
    assert steps == sorted(set(steps))
    assert steps[-1] in (254, 255)
    ramp = np.linspace(0, 65535, 2000).astype(np.uint16)
    rising = tone_mapped(np.repeat(ramp[None, :, None], 3, axis=2), transfer, 9)[0, :, 0]
    assert (np.diff(rising.astype(int)) >= 0).all()
    assert np.diff(rising.astype(int)).max() <= 2


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_colours_are_those_of_bt709(transfer: int) -> None:
    """Red of BT.709, given in BT.2020, has no green and blue left."""
    red = tuple(40 * share for share in (0.6274, 0.0691, 0.0164))
    r, g, b = mapped((red[0], red[1], red[2]), transfer)
    assert r == pytest.approx(255 * 0.4 ** (1 / 2.4), abs=2)
    assert max(g, b) < 20


def test_primaries_of_bt709_are_left_alone() -> None:
    """Only transfer is mapped then."""
    pixels = np.array([[[20_000, 10_000, 5_000]]], dtype=np.uint16)
    own, wide = (tone_mapped(pixels, HLG, primaries)[0, 0] for primaries in (1, 9))
    assert own[0] < wide[0]


def test_ordinary_video_is_no_hdr() -> None:
    """Of all transfer characteristics only two are."""
    assert [code for code in range(20) if hdr_of(code)] == [PQ, HLG]
