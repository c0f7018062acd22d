"""Fingerprints of pictures that survive scaling and compression, to find near-duplicates with.

Perceptual hashes of 256 bits. Measured on yoga photos: 150 copies of half the size, compressed
anew, differ from their source in at most 10 bits; of 335,790 pairs of photos all but 38 differ in
more than 70. A difference hash has no such gap.
"""

from pathlib import Path

from shared_features.media.frames import RgbArray
from shared_features.media.reader import VideoReader
from shared_features.params import MediaParams

PICTURE_HASH = "phash 16"
"""Name and size of the hash, part of what a landmark table's key depends on."""

_HASH_SIZE = 16
_STEP_S = 1.0
# Reading a video again costs a tenth of finding its landmarks, however few of its frames are
# hashed, so only its beginning is read.
_HASHED_S = 30.0


def picture_hash(rgb: RgbArray) -> str:
    """The hash of a picture ``(height, width, 3)``, as 64 hexadecimal digits."""
    import imagehash
    from PIL import Image

    return str(imagehash.phash(Image.fromarray(rgb), hash_size=_HASH_SIZE))


def video_hashes(path: Path, media: MediaParams) -> list[str]:
    """Hashes of a frame per second, from the first half minute of a video.

    Raises:
        MediaError: the file is not a readable video within the limits.
    """
    hashes: list[str] = []
    with VideoReader(path, media) as reader:
        for frame in reader.frames():
            if frame.pts_s > _HASHED_S:
                break
            if frame.pts_s >= len(hashes) * _STEP_S:
                hashes.append(picture_hash(frame.rgb))
    return hashes
