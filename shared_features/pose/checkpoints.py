"""Finished chunks as files, so that a run that was killed can go on."""

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

# Part of every checkpoint's name: raised when the way landmarks are computed changes.
_EXTRACTION_VERSION = 1


class CheckpointStore:
    """Finished chunks as files of one folder, named after all that their contents depend on."""

    def __init__(
        self, folder: Path | None, video: Path, model_path: Path, pose: PoseParams
    ) -> None:
        self._folder = folder
        self.provenance: dict[str, Any] = {
            "extraction_version": _EXTRACTION_VERSION,
            "pose_model_sha256": _sha256(model_path),
            "chunk_frames": pose.chunk_frames,
            "warmup_frames": pose.warmup_frames,
            "max_fps": pose.max_fps,
            "still_fps": pose.still_fps,
            "person_policy": pose.person_policy,
        }
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            settings = _plain(pose) | self.provenance | {"video": _sha256(video)}
            content = json.dumps(settings, sort_keys=True)
            self._key = hashlib.sha256(content.encode()).hexdigest()[:16]

    def finished(self) -> Iterator[Chunk]:
        """The chunks stored so far, up to the first gap."""
        chunk = 0
        while self._folder is not None and (path := self._path(chunk)).is_file():
            try:
                with path.open("rb") as file, np.load(file) as stored:
                    finished = Chunk(
                        stored["pts_s"],
                        stored["image"],
                        stored["world"],
                        int(stored["people_in_view"]),
                        int(stored["looked_at"]),
                    )
            except (OSError, ValueError, KeyError, BadZipFile):
                return  # damaged on disk: computed again, and written over
            yield finished
            chunk += 1

    def save(self, number: int, chunk: Chunk) -> None:
        """Store a chunk; it is there whole or not at all, also when the machine dies."""
        if self._folder is None:
            return
        with atomic_write(self._path(number)) as temporary:
            np.savez(temporary, allow_pickle=False, **asdict(chunk))

    def _path(self, number: int) -> Path:
        if self._folder is None:
            raise RuntimeError("there is no folder for checkpoints")
        return self._folder / f"chunk_{self._key}_{number:05d}.npz"


def _plain(pose: PoseParams) -> dict[str, Any]:
    """The pose settings as plain values; the model file is told apart by its contents instead."""
    return pose.model_dump(mode="json", exclude={"model_path"})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
