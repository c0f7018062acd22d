"""The annotated recordings with their features, computed once and stored."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_features.alignment.annotations import AnnotatedRecording, read_recordings
from shared_features.alignment.sequences import FrameSequence, even_sequence, pose_sequence
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track
from shared_features.params import SharedParams
from shared_features.pose.extract import extract_video
from shared_features.runtime.atomic import atomic_write
from shared_features.runtime.cores import usable_cores
from training.errors import RecordingError
from training.split_params import SplitFeatures, SplitParams


@dataclass(frozen=True)
class SplitRecording:
    """A recording with its key moments and its features.

    Attributes:
        annotated: Routine, performer, place and moments.
        path: Path of the recording.
        sequence: Its features at even steps of time.
    """

    annotated: AnnotatedRecording
    path: Path
    sequence: FrameSequence

    @property
    def name(self) -> str:
        """Routine and performer."""
        return self.annotated.name

    @property
    def splits_s(self) -> tuple[float, ...]:
        """Times of the key moments in seconds."""
        return self.annotated.splits_s


def load_recordings(
    params: SplitParams, shared: SharedParams, only: Iterable[str] | None = None
) -> list[SplitRecording]:
    """All recordings of the file, with features.

    Raises:
        AnnotationError: The file is not valid.
        RecordingError: Recordings are missing, or their moments lie past their end; all at once.
    """
    wanted = None if only is None else set(only)
    annotated = [
        one for one in read_recordings(params.recordings) if wanted is None or one.name in wanted
    ]
    paths = [params.recordings.parent / one.location for one in annotated]
    problems = [
        f"{one.name}: there is no file {path}. Download it, or correct `path`."
        for one, path in zip(annotated, paths, strict=True)
        if not path.is_file()
    ]
    _refuse(params, problems)
    found = [
        SplitRecording(one, path, stored_features(path, params, shared))
        for one, path in zip(annotated, paths, strict=True)
    ]
    for recording in found:
        late = recording.annotated.past_the_end(recording.sequence.duration_s + 0.1)
        if late:
            problems.append(
                f"{recording.name}: it ends at {recording.sequence.duration_s:.2f} s, before the "
                f"splits {', '.join(f'{time_s:.2f}' for time_s in late)} s"
            )
    _refuse(params, problems)
    return found


def stored_features(path: Path, params: SplitParams, shared: SharedParams) -> FrameSequence:
    """The features of a recording, from the store or computed and put there."""
    facts = [path.name, path.stat().st_size, path.stat().st_mtime_ns, params.features]
    key = hashlib.sha256(repr([*facts, params.backbone]).encode()).hexdigest()[:16]
    stored = params.folder / "features" / f"{path.stem}_{key}.npz"
    if not stored.is_file():
        sequence = compute_features(path, params.features, params.backbone, shared)
        stored.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(stored) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                values=sequence.values,
                known=sequence.known,
                from_any_side=sequence.from_any_side,
                rate_hz=sequence.rate_hz,
                noise=sequence.noise,
            )
    with np.load(stored, allow_pickle=False) as content:
        return FrameSequence(
            path.name,
            float(content["rate_hz"]),
            content["values"],
            content["known"],
            content["from_any_side"],
            float(content["noise"]),
        )


def compute_features(
    path: Path, features: SplitFeatures, backbone: Path | None, shared: SharedParams
) -> FrameSequence:
    """The features of a recording: of its poses, or of what its frames look like."""
    if features == "pose":
        return pose_sequence(_track(path, shared))
    from shared_features.alignment.backbone import Backbone
    from shared_features.media.video.looks import frame_looks

    describe = None if backbone is None else Backbone(backbone)
    return even_sequence(path.name, *frame_looks(path, shared.media, describe))


def _track(path: Path, shared: SharedParams) -> LandmarkTrack:
    if path.suffix.lower() == ".csv":
        return read_track(path)
    return extract_video(path, shared.media, shared.pose, workers=usable_cores()).track


def _refuse(params: SplitParams, problems: list[str]) -> None:
    if problems:
        listing = "\n".join(f"  {problem}" for problem in problems)
        raise RecordingError(f"The recordings of {params.recordings} cannot be used:\n{listing}")


def held_out(
    recordings: list[SplitRecording], val_ratio: float, seed: int
) -> tuple[list[SplitRecording], list[SplitRecording]]:
    """Recordings to train on, and held-out ones.

    Whole routines are held out, so that the score says what happens with a new routine; of a single
    routine, performers are.
    """
    routines = sorted({one.annotated.routine for one in recordings})
    rng = np.random.default_rng(seed)
    if len(routines) > 1:
        count = max(1, round(val_ratio * len(routines)))
        chosen = set(rng.permutation(routines)[:count].tolist())
        kept = [one for one in recordings if one.annotated.routine not in chosen]
        return kept, [one for one in recordings if one.annotated.routine in chosen]
    names = sorted(one.name for one in recordings)
    count = min(max(2, round(val_ratio * len(names))), len(names))
    chosen = set(rng.permutation(names)[:count].tolist())
    kept = [one for one in recordings if one.name not in chosen]
    return kept, [one for one in recordings if one.name in chosen]
