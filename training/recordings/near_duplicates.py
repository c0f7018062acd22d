"""Finds recordings that are copies of each other under different names.

They are the same file, or their images are so similar that one must be a copy of the other. Images
are compared by their perceptual hashes, which are stored next to the landmarks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Bits of 256 in which two images may differ and still count as the same. Measured on 820 photos of
# five yoga poses (808 groups by hand, twelve of them pairs): with 40 bits, 11 of the 12 pairs are
# found, and each of the 8 additional pairs turned out to be the same image with another border,
# size or lettering. At 48 bits, two different people are first taken for one. Copies that have a
# quarter of the pixels, are strongly compressed, darker or have more contrast differ in at most 22
# bits, brighter ones mostly in fewer than 30, copies cropped by 2 % on each side mostly in fewer
# than 40. Two takes of the same movement in the same place differ by 32 and more, other videos by
# 64.
MAX_DIFFERENT_BITS = 40
# Share of the hashes of the recording that has fewer.
SHARED_PART = 0.5

_HASH_BYTES = 32
# Images of a single colour have almost no bits set, so they would all be similar.
_FLAT_BITS = 32
# Mirroring an image flips the sign of every second column of its cosine transform, and with it the
# bits of the perceptual hash, whose rows are two bytes. The result differs from the hash of the
# mirrored image itself by 4 bits (median of 820 photos; 20 at most).
_MIRRORED = np.uint64(0x5555555555555555)
_BLOCK_HASHES = 128

Reason = Literal["same file", "same images"]


@dataclass(frozen=True)
class Fingerprint:
    """The hashes by which a recording is compared.

    Attributes:
        recording: Name of the recording.
        media_sha256: SHA-256 of its contents; None if unknown.
        image_hashes: Perceptual hash of each hashed image, as 64 hexadecimal digits.
    """

    recording: str
    media_sha256: str | None
    image_hashes: Sequence[str]


class NearDuplicates(NamedTuple):
    """Two recordings that are copies of each other, and how that was found."""

    first: str
    second: str
    reason: Reason


def stored_fingerprints(
    landmarks: Path, recordings: Sequence[str]
) -> tuple[list[Fingerprint], list[str]]:
    """The fingerprints stored next to landmark tables, and the recordings without one.

    Args:
        landmarks: Folder of landmark tables.
        recordings: Recordings by kind and stem, ``video_routine``.
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
    """Pairs of recordings that no split may separate.

    Of several recordings with the same contents, each is paired with the first one only. A mirrored
    image counts as the same image.

    Raises:
        ValueError: An image hash does not have 64 hexadecimal digits.
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
    return found + _with_same_images(different)


def hash_bits(hashes: Sequence[str]) -> NDArray[np.uint64]:
    """Hexadecimal hashes as ``(n, 4)``, without those of single-coloured images.

    Raises:
        ValueError: A hash does not have 64 hexadecimal digits.
    """
    content = [bytes.fromhex(text) for text in hashes]
    wrong = [text for text, data in zip(hashes, content, strict=True) if len(data) != _HASH_BYTES]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not an image hash of {2 * _HASH_BYTES} digits")
    bits = np.frombuffer(b"".join(content), dtype=np.uint64).reshape(-1, _HASH_BYTES // 8)
    set_bits = np.bitwise_count(bits).sum(axis=1)
    varied: NDArray[np.uint64] = bits[
        (set_bits >= _FLAT_BITS) & (set_bits <= _HASH_BYTES * 8 - _FLAT_BITS)
    ]
    return varied


def different_bits(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Number of bits, ``(n, m)``, in which ``(n, 4)`` and ``(m, 4)`` hashes differ pair by pair."""
    different = np.zeros((len(first), len(second)), dtype=np.uint16)
    for word in range(first.shape[1]):
        different += np.bitwise_count(first[:, None, word] ^ second[None, :, word])
    return different


def _with_same_images(fingerprints: Sequence[Fingerprint]) -> list[NearDuplicates]:
    """Pairs of recordings whose images are the same."""
    of_each = [hash_bits(fingerprint.image_hashes) for fingerprint in fingerprints]
    comparable = [index for index, bits in enumerate(of_each) if len(bits)]
    if not comparable:
        return []
    of_each = [of_each[index] for index in comparable]
    names = [fingerprints[index].recording for index in comparable]
    counts = np.array([len(bits) for bits in of_each])
    found = []
    for first, second, shared in _shared_hashes(np.concatenate(of_each), counts):
        # The share counts for the recording that has fewer hashes, or for either of two equals.
        if counts[first] <= counts[second] and shared >= SHARED_PART * counts[first]:
            found.append(tuple(sorted((names[first], names[second]))))
    return [NearDuplicates(first, second, "same images") for first, second in sorted(set(found))]


def _shared_hashes(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64]
) -> list[tuple[int, int, int]]:
    """Number of a recording's hashes that are close to a hash of another one, for pairs with any.

    Args:
        hashes: Hashes ``(n, 4)`` of all recordings, one recording after the other.
        counts: Number of hashes of each recording.

    Returns:
        Indices of the two recordings, and the number of shared hashes.
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
