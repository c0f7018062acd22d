"""Draws the overlays of finished analyses, in a worker process."""

from pathlib import Path

from serving.overlay.render import draw_all
from serving.overlay.routine import load_routine
from serving.settings import OverlayParams
from shared_features.params import MediaParams
from shared_features.runtime.worker_process import note

# Analyses and live sessions have priority.
NICENESS = 10
_REPORT_EVERY = 5


class Drawer:
    """Draws one overlay after another."""

    def draw(self, folder: Path, media: str, params: OverlayParams, limits: MediaParams) -> None:
        """Write the overlay video, the photos of the holds and the summary next to a video.

        Notes the number of frames drawn, every few frames.

        Args:
            folder: Folder of the video and of its routine.
            media: Name of the video in that folder.
            params: What is drawn, and how.
            limits: Limits on the video.

        Raises:
            MediaError: The file is not a readable video within the limits.
            ServingError: The font cannot be used, or the routine cannot be read.
        """
        for leftover in folder.glob(".*.part*"):  # of a process that was killed
            leftover.unlink(missing_ok=True)
        note(0)
        routine = load_routine(folder)
        draw_all(folder / media, routine, folder, params, limits, report_progress=_report)


def _report(frames_done: int) -> None:
    if frames_done % _REPORT_EVERY == 0:
        note(frames_done)
