"""Finished chunks stored as files, so that an interrupted extraction can resume."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from shared_features.params import PoseParams
from shared_features.pose.chunks import Chunk
from shared_features.runtime.atomic import atomic_write

# Part of every checkpoint's name. Raise it when the computation of landmarks changes, decoding
# included. 3: HDR is tone-mapped, display matrices that mirror are applied, and of several videos
# FFmpeg's is read.
_EXTRACTION_VERSION = 3


def landmark_provenance(model_path: Path, pose: PoseParams) -> dict[str, Any]:
    """Everything besides the video that its landmarks depend on, as plain values."""
    return {
        "extraction_version": _EXTRACTION_VERSION,
        "pose_model_sha256": _sha256(model_path),
        "chunk_frames": pose.chunk_frames,
        "warmup_frames": pose.warmup_frames,
        "max_fps": pose.max_fps,
        "still_fps": pose.still_fps,
        "person_policy": pose.person_policy,
    }


class CheckpointStore:
    """Finished chunks as files in a folder, each named after a hash of all it depends on.

    Args:
        folder: Folder of the files; it is created if missing.
        video: Path of the video.
        provenance: From ``landmark_provenance``.
        pose: Pose settings.
    """

    def __init__(
        self, folder: Path, video: Path, provenance: dict[str, Any], pose: PoseParams
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # The provenance identifies the model by its contents; its path does not matter.
        settings = pose.model_dump(mode="json", exclude={"model_path"})
        content = json.dumps(settings | provenance | {"video": _sha256(video)}, sort_keys=True)
        self._key = hashlib.sha256(content.encode()).hexdigest()[:16]

    def finished(self) -> Iterator[Chunk]:
        """The chunks stored so far, up to the first gap."""
        number = 0
        while (path := self._path(number)).is_file():
            try:
                with path.open("rb") as file, np.load(file) as stored:
                    chunk = Chunk(
                        stored["pts_s"],
                        stored["image"],
                        stored["world"],
                        int(stored["people_in_view"]),
                        int(stored["inferred_frames"]),
                    )
            except (OSError, EOFError, ValueError, KeyError, BadZipFile):
                return  # damaged on disk: it will be computed again and overwritten
            yield chunk
            number += 1

    def save(self, number: int, chunk: Chunk) -> None:
        """Store a chunk atomically: even a power failure leaves no partial file."""
        with atomic_write(self._path(number)) as temporary:
            np.savez(temporary, allow_pickle=False, **asdict(chunk))

    def _path(self, number: int) -> Path:
        return self._folder / f"chunk_{self._key}_{number:05d}.npz"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
