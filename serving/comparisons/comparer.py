"""Compares two analysed videos; lives in a worker process of lower priority."""

import json
from pathlib import Path

from serving.comparisons.record import RESULT_FILE, VIDEO_FILE
from serving.comparisons.results import comparison_content
from serving.comparisons.side_by_side import Recording, draw_side_by_side
from serving.settings import OverlayParams
from shared_features.alignment.alignment import align_poses
from shared_features.alignment.moments import find_moments
from shared_features.landmarks.track_csv import read_track
from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from shared_features.runtime.worker_process import note

_REPORT_EVERY = 5


class Comparer:
    """Compares one pair of videos after another."""

    def compare(
        self,
        folder: Path,
        videos: tuple[Path, Path],
        tables: tuple[Path, Path],
        names: tuple[str, str],
        splits_s: tuple[float, ...],
        params: OverlayParams,
        limits: MediaParams,
    ) -> None:
        """Write the result and, if both show the same routine, the video of both side by side.

        Notes the number of frames drawn, every few frames.

        Args:
            folder: Folder to write to.
            videos: Paths of the reference and the target.
            tables: Paths of their landmark tables.
            names: Names their owner gave them.
            splits_s: Moments of the reference, in seconds.
            params: How skeletons are drawn, and the quality of the video.
            limits: Limits on the videos.

        Raises:
            StrapsError: One of the videos cannot be read, or not be compared.
        """
        for leftover in folder.glob(".*.part*"):  # of a process that was killed
            leftover.unlink(missing_ok=True)
        note(0)
        reference, target = (read_track(table) for table in tables)
        note(0)
        alignment = align_poses(reference, target)
        moments = find_moments(alignment, splits_s)
        content = comparison_content(names, (reference, target), alignment, moments)
        if alignment.fit.same_routine:
            shown = target.mirrored() if alignment.mirrored else target
            draw_side_by_side(
                Recording(videos[0], reference),
                Recording(videos[1], shown, alignment.mirrored),
                alignment,
                content,
                folder / VIDEO_FILE,
                params,
                limits,
                _report,
            )
        with atomic_write(folder / RESULT_FILE) as temporary:
            text = json.dumps(content, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text, encoding="utf-8")


def _report(frames_done: int) -> None:
    if frames_done % _REPORT_EVERY == 0:
        note(frames_done)
