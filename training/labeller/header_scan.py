"""A thread that reads the headers of all videos: which can be opened, and how long they are."""

import threading
from collections.abc import Sequence

from shared_features.errors import MediaError
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from training.labeller.frames.frame_store import expected_frames
from training.labeller.service import LabellingService
from training.recordings.catalog import Recording


class HeaderScan:
    """Finds the videos that cannot be read before anyone opens them.

    Args:
        recordings: the videos.
        media: limits for media files.
        service: is told the frame count or the problem of each video.
    """

    def __init__(
        self, recordings: Sequence[Recording], media: MediaParams, service: LabellingService
    ) -> None:
        self._recordings = recordings
        self._media = media
        self._service = service
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="header-scan", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        for recording in self._recordings:
            if self._stopping.is_set():
                return
            try:
                with VideoReader(recording.path, self._media) as reader:
                    frames = expected_frames(reader.info)
            except MediaError as error:
                self._service.mark_unreadable(recording, str(error))
            else:
                self._service.mark_announced(recording, frames)
