"""From a video to its ``Analysis``; the command line and the job queue both call this."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from shared_features.classify.classifier import ModelContract, PoseClassifier
from shared_features.classify.timeline import Segment, Timeline, build_timeline
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.still_periods import still_periods
from shared_features.media.video.facts import MediaStatus, video_notes
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams, SharedParams
from shared_features.pose.extract import extract_video
from shared_features.pose.model_asset import network_of
from shared_features.runtime.cores import usable_cores
from shared_features.scoring.holds import HoldScore, score_holds

# The part of a model's training summary that every timeline repeats: enough to identify the run.
_RUN_KEYS = ("run_id", "created", "created_at", "model", "model_type", "seed")

# A thread that waits for the pose network leaves its core to another one: measured, one extra
# thread is 10 % faster on two cores.
_EXTRA_THREADS = 1

# How many times slower than real a video may play.
LEAST_SLOW_MOTION, MOST_SLOW_MOTION = 1.0, 100.0

ReportProgress = Callable[[int], None]


@dataclass(frozen=True)
class MediaFacts:
    """Facts about a video, known after it has been decoded.

    Attributes:
        source: Name the owner gave the video.
        status: ``complete``, ``truncated`` or ``corrupt``.
        frames: Number of frames decoded.
        width: Width of the upright frames, in square pixels.
        height: Height of the upright frames, in square pixels.
        duration_s: Time from the first frame to the end of the last one, as the performer
            experienced it.
        codec: Name of the video codec.
        decode_failures: Number of packets that could not be decoded.
        damaged_frames: Number of frames that the decoder could only conceal errors in.
        repaired_timestamps: Number of frames whose timestamp was missing or did not increase.
        people_in_view: Highest number of people found in any frame searched for more than one.
        time_jumps: Number of times that the clock of the video jumps; what lies between is left
            out.
        slow_motion: How many times slower than real the video plays. All other times are the
            performer's: those of the video divided by this.
        notes: What the owner should know about how the video was read, one sentence each.
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
    time_jumps: int = 0
    slow_motion: float = 1.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelFacts:
    """The identity of the model that made the predictions.

    Attributes:
        sha256: Hash of the model file.
        labels: Labels in the order of the probabilities.
        other: Label that means "none of the poses".
        features_version: Version of the feature formulas.
        features_hash: Hash of the exact feature specification.
        training: Identity of the training run.
    """

    sha256: str
    labels: tuple[str, ...]
    other: str
    features_version: int
    features_hash: str
    training: dict[str, object]


@dataclass(frozen=True)
class Analysis:
    """Everything known about an analysed video; all times are the performer's.

    Attributes:
        media: Facts about the video.
        model: The identity of the model.
        timeline: Label of every frame, segments and totals.
        track: Landmarks of every frame.
        scores: Score of each of the timeline's holds; empty if they were not scored.
    """

    media: MediaFacts
    model: ModelFacts
    timeline: Timeline
    track: LandmarkTrack
    scores: tuple[HoldScore, ...] = ()

    @property
    def scored_segments(self) -> tuple[tuple[Segment, HoldScore | None], ...]:
        """Every segment with its score; None if it is no hold or was not scored."""
        scores = iter(self.scores)
        return tuple(
            (segment, next(scores, None) if segment.hold else None)
            for segment in self.timeline.segments
        )


def analyze_video(
    path: Path,
    source: str,
    classifier: PoseClassifier,
    params: SharedParams,
    checkpoints: Path | None = None,
    report_progress: ReportProgress | None = None,
    threads: int | None = None,
    slow_motion: float | None = None,
) -> Analysis:
    """Compute the landmarks, poses and timeline of a video.

    Args:
        path: Path of the video.
        source: Name the owner gave the video, for display.
        classifier: Classifier of the poses; its contract includes the smoothing to apply.
        params: Limits and pose estimation settings.
        checkpoints: Folder for finished chunks; a run that finds some continues after them. The
            result is bit-identical.
        report_progress: Called with the number of frames done; an exception it raises ends the
            analysis.
        threads: Number of chunks processed in parallel; None derives it from the processor cores.
            The result is bit-identical.
        slow_motion: How many times slower than real the video plays; None if only the file may
            know.

    Raises:
        MediaError: The file is not a readable video within the limits.
        PoseAssetError: The pose model file is missing or damaged.
    """
    workers = threads or usable_cores() + _EXTRA_THREADS
    extraction = extract_video(
        path, params.media, params.pose, checkpoints, report_progress, workers
    )
    verdict, info, contract = extraction.verdict, extraction.info, classifier.contract
    slower = slow_motion or info.slowed_down
    track = replace(extraction.track, source=source, pts_s=extraction.track.pts_s / slower)
    duration_s = verdict.duration_s / slower
    timeline = build_timeline(
        classifier.classify(track),
        track.pts_s,
        duration_s,
        contract.labels,
        contract.other,
        contract.timeline,
        verdict.jumps,
        track.person,
        still_periods(
            track.pts_s, track.image, track.aspect, contract.timeline.max_gap_s, verdict.jumps
        ),
    )
    media = MediaFacts(
        source=source,
        status=verdict.status,
        frames=verdict.frames,
        width=info.width,
        height=info.height,
        duration_s=duration_s,
        codec=info.codec,
        decode_failures=verdict.decode_failures,
        damaged_frames=verdict.damaged_frames,
        repaired_timestamps=verdict.repaired_timestamps,
        people_in_view=max(track.provenance["people_in_view"], default=0),
        time_jumps=len(verdict.jumps),
        slow_motion=slower,
        notes=(
            *_slow_motion_notes(slower, slow_motion is None),
            *video_notes(info, verdict),
            *_network_notes(contract, track),
        ),
    )
    scores = score_holds(track, timeline.holds, params.scoring)
    return Analysis(media, model_facts(classifier), timeline, track, scores)


def model_facts(classifier: PoseClassifier) -> ModelFacts:
    """The identity of a model."""
    contract = classifier.contract
    return ModelFacts(
        sha256=classifier.sha256,
        labels=contract.labels,
        other=contract.other,
        features_version=contract.features.version,
        features_hash=contract.features.hash,
        training={key: contract.training[key] for key in _RUN_KEYS if key in contract.training},
    )


def _network_notes(contract: ModelContract, track: LandmarkTrack) -> tuple[str, ...]:
    """A sentence if the model was trained on the landmarks of another pose network."""
    learned = network_of(contract.training.get("pose_model_sha256", ""))
    used = network_of(track.provenance["pose_model_sha256"])
    if learned is None or used == learned:
        return ()
    found_with = "your own pose model file" if used is None else f"the pose network {used}"
    return (
        f"The landmarks were found with {found_with}, but the model was trained and judged on "
        f"those of the network {learned}.",
    )


def _slow_motion_notes(slower: float, by_file: bool) -> tuple[str, ...]:
    if slower == 1:
        return ()
    what = "The file says that the video is" if by_file else "The video was analysed as"
    return (
        f"{what} slow motion, {slower:.3g} times slower than real. All times and durations are the "
        "performer's, not those of the video.",
    )


def announced_frames(path: Path, limits: MediaParams) -> int | None:
    """Number of frames a video announces, good enough for progress; None when it announces none.

    Raises:
        MediaError: The file is not a readable video within the limits.
    """
    with VideoReader(path, limits) as reader:
        return reader.info.announced_frames
