"""A video to its ``Analysis``: what the command line and the queue of the service both call."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import Timeline, build_timeline
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.media.facts import MediaStatus
from shared_features.media.reader import VideoReader
from shared_features.params import MediaParams, SharedParams
from shared_features.pose.extract import extract_video
from shared_features.runtime.cores import usable_cores

# What of a model's training summary is repeated in every timeline: enough to find the run again.
_RUN_KEYS = ("run_id", "created", "created_at", "model", "model_type", "seed")

# While one thread hands a frame to the pose network and waits for it, another one can use the core:
# measured, 10 % faster on two cores.
_THREADS_TO_SPARE = 1

Progress = Callable[[int], None]


@dataclass(frozen=True)
class MediaFacts:
    """What was found out about a video.

    Attributes:
        source: the name its owner gave it.
        status: ``complete``, ``truncated`` or ``corrupt``.
        frames: number of frames decoded.
        width: of the upright frames, in square pixels. height: the same.
        height: of the upright frames.
        duration_s: from the first frame to the end of the last one.
        codec: name of the video codec.
        decode_failures: number of packets that could not be decoded.
        damaged_frames: number of frames that the decoder could only patch up.
        repaired_timestamps: number of frames whose time was missing or did not rise.
        people_in_view: the most people found in one of the frames that were searched for everyone.
    """

    source: str
    status: MediaStatus
    frames: int
    width: int
    height: int
    duration_s: float
    codec: str
    decode_failures: int
    damaged_frames: int
    repaired_timestamps: int
    people_in_view: int


@dataclass(frozen=True)
class ModelFacts:
    """Which model gave the answers.

    Attributes:
        sha256: of the model file.
        labels: the poses, in the order of the probabilities.
        other: the label that means "none of the poses".
        features_version: of the formulas of the features.
        features_hash: of the exact features.
        training: what identifies the training run.
    """

    sha256: str
    labels: tuple[str, ...]
    other: str
    features_version: int
    features_hash: str
    training: dict[str, object]


@dataclass(frozen=True)
class Analysis:
    """All that is known about a video once it has been analysed."""

    media: MediaFacts
    model: ModelFacts
    timeline: Timeline
    track: LandmarkTrack


def analyze_video(
    path: Path,
    source: str,
    classifier: PoseClassifier,
    params: SharedParams,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Analysis:
    """Landmarks, poses and timeline of a video.

    Args:
        path: of the video.
        source: the name its owner gave it, for display.
        classifier: gives the poses; its contract brings the smoothing it is meant to be used with.
        params: limits, and how landmarks are found.
        checkpoints: a folder for finished parts; a run that finds some goes on behind them, and
            the result is the same, bit for bit.
        progress: called with the number of frames done; whatever it raises ends the analysis.
        threads: parts looked at side by side; None: by the number of processor cores. The result
            is the same, bit for bit.

    Raises:
        MediaError: the file is not a readable video within the limits.
        PoseAssetError: the pose model file is missing or damaged.
    """
    workers = threads or usable_cores() + _THREADS_TO_SPARE
    extraction = extract_video(path, params.media, params.pose, checkpoints, progress, workers)
    track = replace(extraction.track, source=source)
    verdict, info, contract = extraction.verdict, extraction.info, classifier.contract
    timeline = build_timeline(
        classifier.classify(track),
        track.pts_s,
        verdict.duration_s,
        contract.labels,
        contract.other,
        contract.timeline,
    )
    media = MediaFacts(
        source=source,
        status=verdict.status,
        frames=verdict.frames,
        width=info.width,
        height=info.height,
        duration_s=verdict.duration_s,
        codec=info.codec,
        decode_failures=verdict.decode_failures,
        damaged_frames=verdict.damaged_frames,
        repaired_timestamps=verdict.repaired_timestamps,
        people_in_view=max(track.provenance["people_in_view"], default=0),
    )
    return Analysis(media, model_facts(classifier), timeline, track)


def model_facts(classifier: PoseClassifier) -> ModelFacts:
    """What identifies a model."""
    contract = classifier.contract
    return ModelFacts(
        sha256=classifier.sha256,
        labels=contract.labels,
        other=contract.other,
        features_version=contract.features.version,
        features_hash=contract.features.hash,
        training={key: contract.training[key] for key in _RUN_KEYS if key in contract.training},
    )


def announced_frames(path: Path, limits: MediaParams) -> int | None:
    """How many frames a video says it has, for progress only; None when it says nothing.

    Raises:
        MediaError: the file is not a readable video within the limits.
    """
    with VideoReader(path, limits) as reader:
        return reader.info.announced_frames
