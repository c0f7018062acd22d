"""Recordings that show the same thing under different names.

They are the same file, or their pictures are so alike that one must be a copy of the other. What
is compared are the perceptual hashes that stand beside the landmarks (``picture_hashes``).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Bits of 256 in which two pictures may differ and still count as one. Measured on 820 photos of
# five yoga poses (808 groups by hand, twelve of them pairs): up to 40 bits, 11 of the 12 pairs are
# found, and of the 8 pairs found beyond those every one turned out to be the same picture with
# another frame, size or lettering. At 48 bits the first two different people are taken for one.
# Copies with a quarter of the pixels, strongly compressed, darker or richer in contrast differ in
# at most 22 bits, brighter ones mostly in fewer than 30, cut by 2 % at each side mostly in fewer
# than 40. Two takes of one movement at one place differ by 32 and more, other videos by 64.
MAX_DIFFERENT_BITS = 40
# Of the hashes of the recording that has fewer.
SHARED_PART = 0.5

_HASH_BYTES = 32
# A picture of one colour has (nearly) no bits set; all of those would be alike.
_FLAT_BITS = 32
# Flipping a picture left to right turns the sign of every second column of its cosine transform,
# and with it the bits of the perceptual hash, whose rows are two bytes. Against the hash of the
# flipped picture itself this is off by 4 bits (median of 820 photos; 20 at most).
_MIRRORED = np.uint64(0x5555555555555555)
_BLOCK_HASHES = 128

Reason = Literal["same file", "same images"]


@dataclass(frozen=True)
class Fingerprint:
    """What a recording is compared by.

    Attributes:
        recording: its name.
        media_sha256: of its contents; None when unknown.
        picture_hashes: 64 hexadecimal digits for each picture that was looked at.
    """

    recording: str
    media_sha256: str | None
    picture_hashes: Sequence[str]


class NearDuplicates(NamedTuple):
    """Two recordings that are one, and why."""

    first: str
    second: str
    reason: Reason


def stored_fingerprints(
    landmarks: Path, recordings: Sequence[str]
) -> tuple[list[Fingerprint], list[str]]:
    """The fingerprints that stand beside landmark tables, and recordings that have none.

    Args:
        landmarks: folder of landmark tables.
        recordings: by kind and stem, ``video_routine``.
    """
    found, without = [], []
    for recording in recordings:
        try:
            text = (landmarks / f"{recording}_landmarks.json").read_text(encoding="utf-8")
            provenance = json.loads(text)
            hashes = provenance["picture_hashes"]
            hash_bits(hashes)
            found.append(Fingerprint(recording, provenance.get("media_sha256"), hashes))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            without.append(recording)
    return found, without


def near_duplicates(fingerprints: Sequence[Fingerprint]) -> list[NearDuplicates]:
    """Pairs of recordings that must not be on two sides of a split.

    Of recordings with the same contents, each is paired with the first one only. Mirrored pictures
    count as alike.

    Raises:
        ValueError: a picture hash is not of 64 hexadecimal digits.
    """
    first_with: dict[str, str] = {}
    found = []
    different = []
    for fingerprint in fingerprints:
        content = fingerprint.media_sha256
        if content is None or content not in first_with:
            different.append(fingerprint)
            if content is not None:
                first_with[content] = fingerprint.recording
        else:
            found.append(NearDuplicates(first_with[content], fingerprint.recording, "same file"))
    return found + _alike(different)


def hash_bits(hashes: Sequence[str]) -> NDArray[np.uint64]:
    """Hexadecimal hashes as ``(n, 4)``, those of pictures of one colour left out.

    Raises:
        ValueError: one of them is not of 64 hexadecimal digits.
    """
    content = [bytes.fromhex(text) for text in hashes]
    wrong = [text for text, data in zip(hashes, content, strict=True) if len(data) != _HASH_BYTES]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no picture hash of {2 * _HASH_BYTES} digits")
    bits = np.frombuffer(b"".join(content), dtype=np.uint64).reshape(-1, _HASH_BYTES // 8)
    set_bits = np.bitwise_count(bits).sum(axis=1)
    varied: NDArray[np.uint64] = bits[
        (set_bits >= _FLAT_BITS) & (set_bits <= _HASH_BYTES * 8 - _FLAT_BITS)
    ]
    return varied


def different_bits(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """``(n, m)`` in how many bits each of ``(n, 4)`` hashes differs from each of ``(m, 4)``."""
    different = np.zeros((len(first), len(second)), dtype=np.uint16)
    for word in range(first.shape[1]):
        different += np.bitwise_count(first[:, None, word] ^ second[None, :, word])
    return different


def _alike(fingerprints: Sequence[Fingerprint]) -> list[NearDuplicates]:
    """Pairs of recordings whose pictures are alike."""
    of_each = [hash_bits(fingerprint.picture_hashes) for fingerprint in fingerprints]
    comparable = [place for place, bits in enumerate(of_each) if len(bits)]
    if not comparable:
        return []
    of_each = [of_each[place] for place in comparable]
    names = [fingerprints[place].recording for place in comparable]
    counts = np.array([len(bits) for bits in of_each])
    found = []
    for first, second, shared in _shared_hashes(np.concatenate(of_each), counts):
        # Seen from the recording that has fewer hashes; of two equals, from either.
        if counts[first] <= counts[second] and shared >= SHARED_PART * counts[first]:
            found.append(tuple(sorted((names[first], names[second]))))
    return [NearDuplicates(first, second, "same images") for first, second in sorted(set(found))]


def _shared_hashes(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64]
) -> list[tuple[int, int, int]]:
    """How many hashes of each recording are near one of each other recording, where any are.

    Args:
        hashes: ``(n, 4)`` of all recordings, one after the other.
        counts: how many of them each recording has.
    """
    owners = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    pairs = []
    for start in range(0, len(hashes), _BLOCK_HASHES):
        block = hashes[start : start + _BLOCK_HASHES]
        near = different_bits(block, hashes) <= MAX_DIFFERENT_BITS
        near |= different_bits(block ^ _MIRRORED, hashes) <= MAX_DIFFERENT_BITS
        row, other = np.nonzero(np.logical_or.reduceat(near, starts, axis=1))
        owner = owners[start + row]
        pairs.append(np.stack([owner, other], axis=1)[owner != other])
    found, shared = np.unique(np.concatenate(pairs), axis=0, return_counts=True)
    return [
        (first, second, times)
        for (first, second), times in zip(found.tolist(), shared.tolist(), strict=True)
    ]
