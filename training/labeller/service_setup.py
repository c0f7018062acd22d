"""Builds the labelling service with its decoder, predictor and header scan."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from shared_features.errors import ClassifierError
from shared_features.params import SharedParams
from training.labeller.entries import open_entries
from training.labeller.frames.frame_sources import PhotoFrames, VideoFrames
from training.labeller.header_scan import HeaderScan
from training.labeller.predictions.label_model import LabelModel, load_model
from training.labeller.predictions.photo_predictor import PhotoPredictor
from training.labeller.predictions.predictor import NoPredictor
from training.labeller.predictions.video_predictor import VideoPredictor
from training.labeller.service import LabellingService
from training.params import TrainingParams, known_labels
from training.recordings.catalog import Kind, Recording


@contextmanager
def labelling_service(
    kind: Kind,
    recordings: Sequence[Recording],
    forced: set[str],
    shared: SharedParams,
    settings: TrainingParams,
    report_progress: Callable[[int], None],
) -> Iterator[LabellingService]:
    """The service with all its threads, which stop at the end of the block.

    Args:
        kind: photos or videos.
        recordings: the recordings to label.
        forced: filenames of the recordings to label again.
        shared: labels, limits for media files, and settings of the pose estimator.
        settings: folders, and the step between shown frames.
        report_progress: called with 1 after the labels of each recording were read.
    """
    data, known = settings.data, known_labels(shared.labels)
    entries = open_entries(recordings, data.labels, forced, report_progress)
    readable = [entry.recording for entry in entries.values() if entry.problem is None]
    model: LabelModel | None = None
    note = None
    try:
        model = load_model(settings.promotion.output, known)
    except ClassifierError as error:
        note = str(error)
    with ExitStack() as closing:
        if kind == "photo":
            waiting = [one.recording for one in entries.values() if one.offered]
            photos = PhotoPredictor(model, note, shared, data.landmarks, waiting)
            service = LabellingService(kind, entries, known, PhotoFrames(shared.media), photos)
            closing.callback(service.close)
            photos.start(service.mark_unreadable)
        else:
            frames = VideoFrames(shared.media, settings.label_videos.skip_seconds)
            predictor = (
                NoPredictor(note)
                if model is None
                else VideoPredictor(model, shared, data.landmarks, frames.decoder)
            )
            service = LabellingService(kind, entries, known, frames, predictor)
            closing.callback(service.close)
            scan = HeaderScan(readable, shared.media, service)
            closing.callback(scan.close)
        yield service
