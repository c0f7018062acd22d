"""A thread that looks at the headers of all videos: which can be read, and how long they are."""

import threading
from collections.abc import Sequence

from shared_features.errors import MediaError
from shared_features.media.reader import VideoReader
from shared_features.params import MediaParams
from training.labeller.frames.frame_store import expected_frames
from training.labeller.workbench import Workbench
from training.recordings.catalog import Recording


class VideoSurvey:
    """Tells the workbench about videos that cannot be read before anybody opens them.

    Args:
        recordings: to look at.
        media: limits.
        workbench: is told.
    """

    def __init__(
        self, recordings: Sequence[Recording], media: MediaParams, workbench: Workbench
    ) -> None:
        self._recordings = recordings
        self._media = media
        self._workbench = workbench
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="survey", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
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
                self._workbench.mark_unreadable(recording, str(error))
            else:
                self._workbench.mark_announced(recording, frames)
