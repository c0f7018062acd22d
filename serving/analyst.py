"""A video to the exports in a folder: what an analysis does in its worker process."""

from pathlib import Path

from serving.analysis import analyze_video, announced_frames
from serving.exports.files import write_exports
from serving.overlay.routine import routine_of, save_routine
from shared_features.classify.classifier import PoseClassifier
from shared_features.params import SharedParams
from shared_features.runtime.worker_process import note

_CHUNKS = "chunks"


class Analyst:
    """Analyses one video after another."""

    def analyze(
        self,
        folder: Path,
        media: str,
        source: str,
        classifier: PoseClassifier,
        params: SharedParams,
        threads: int | None,
        slow_motion: float | None,
    ) -> int:
        """Analyse a video and write its exports next to it.

        Notes ``(frames done, frames announced)`` for every frame; the second is None when the video
        announces none.

        Args:
            folder: Folder of the video, of its finished chunks and of the exports.
            media: Name of the video in that folder.
            source: Name its owner gave it.
            classifier: Model that gives the poses.
            params: Limits and pose settings.
            threads: Number of chunks processed in parallel; None: by the number of cores.
            slow_motion: How many times slower than real the video plays; None if only the file may
                know.

        Returns:
            Number of frames.

        Raises:
            MediaError: The file is not a readable video within the limits.
        """
        video = folder / media
        total = announced_frames(video, params.media)
        note((0, total))
        analysis = analyze_video(
            video,
            source,
            classifier,
            params,
            folder / _CHUNKS,
            lambda done: note((done, total)),
            threads,
            slow_motion,
        )
        write_exports(analysis, folder)
        save_routine(routine_of(analysis), folder)
        return analysis.media.frames
