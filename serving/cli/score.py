"""``straps-serve score``: the points of every hold in a video, and what cost them."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from serving.analysis import Analysis, analyze_video, announced_frames
from serving.cli.analyze import clock, remarks, status_sentence
from serving.cli.video_worker import call_in_worker
from serving.exports.scores import score_report
from serving.settings import Settings, load_settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import Segment
from shared_features.runtime.worker_process import note
from shared_features.scoring.holds import HoldScore


def score_video(
    video: Path,
    as_json: bool,
    model: Path | None,
    params: Path | None,
    slow_motion: float | None = None,
) -> None:
    """Print the score of each hold; writes no files.

    Args:
        video: Path of the recording.
        as_json: Whether to print one JSON object.
        model: Path of a model file; None for the one in the settings.
        params: Path of a settings file; None for the project's.
        slow_motion: How many times slower than real the video plays; None: as the file says.

    Raises:
        StrapsError: The video, the model or a setting cannot be used.
    """
    settings = load_settings(params)
    model = model or settings.serving.model_path
    analysis: Analysis = call_in_worker(VideoScorer, "score", video, model, settings, slow_motion)
    if as_json:
        print(json.dumps(score_report(analysis), indent=1, ensure_ascii=False, allow_nan=False))
        return
    console = Console(file=sys.stdout, highlight=False)
    for hold, score in zip(analysis.timeline.holds, analysis.scores, strict=True):
        _print(console, hold, score)
    if not analysis.timeline.holds:
        print("No pose was held long enough to count.")
    print(status_sentence(analysis.media))


class VideoScorer:
    """Analyses a video; lives in a worker process."""

    def score(
        self,
        video: Path,
        model: Path,
        settings: Settings,
        slow_motion: float | None,
    ) -> Analysis:
        """The analysis; notes ``(title, frames done, frames in all)`` for every frame.

        Raises:
            StrapsError: The model cannot be used, or the file is not a readable video within the
                limits.
        """
        classifier = PoseClassifier(model)
        frames = announced_frames(video, settings.shared.media)
        return analyze_video(
            video,
            video.name,
            classifier,
            settings.shared,
            report_progress=lambda done: note((video.name, done, frames)),
            threads=settings.serving.analysis_threads,
            slow_motion=slow_motion,
        )


def _print(console: Console, hold: Segment, score: HoldScore) -> None:
    points = "no score" if score.points is None else f"{score.points:.0f} points"
    line = Text(f"{clock(hold.start_s)}  ")
    line.append(hold.label, "bold")
    line.append(f", {hold.duration_s:.1f} s: ")
    line.append(points, "bold")
    console.print(line)
    for remark in remarks(score):
        console.print(Text(f"    {remark.removeprefix('no score: ')}"))
    if score.measures is not None:
        console.print(
            Text(
                f"    left and right differ by {score.measures.symmetry_deg:.0f}°, "
                f"hips steady to ± {score.measures.shake_cm:.1f} cm",
                "dim",
            )
        )
    if score.assumed:
        console.print(Text("    the ideal line of this pose is a working assumption", "dim"))
