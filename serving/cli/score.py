"""``straps-serve score``: the points of every hold in a video, and what cost them."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from serving.analysis import Analysis, analyze_video, announced_frames
from serving.cli.analyze import clock, remarks, status_sentence
from serving.cli.video_worker import call_in_worker
from serving.errors import ServingError
from serving.exports.scores import repetition_entry, score_report
from serving.settings import Settings, load_settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import Segment
from shared_features.params import MovementParams
from shared_features.runtime.worker_process import note
from shared_features.scoring.holds import HoldScore
from shared_features.scoring.repetitions import Repetition, count_repetitions


def score_video(
    video: Path,
    as_json: bool,
    model: Path | None,
    params: Path | None,
    slow_motion: float | None = None,
    repetitions: str | None = None,
) -> None:
    """Print the score of each hold, or of each repetition of a movement; writes no files.

    Args:
        video: Path of the recording.
        as_json: Whether to print one JSON object.
        model: Path of a model file; None for the one in the settings.
        params: Path of a settings file; None for the project's.
        slow_motion: How many times slower than real the video plays; None: as the file says.
        repetitions: Name of the movement whose repetitions are counted; None for the holds.

    Raises:
        StrapsError: The video, the model or a setting cannot be used, or there is no such movement.
    """
    settings = load_settings(params)
    movement = None if repetitions is None else _movement(repetitions, settings)
    model = model or settings.serving.model_path
    analysis: Analysis = call_in_worker(VideoScorer, "score", video, model, settings, slow_motion)
    if repetitions is not None and movement is not None:
        track = analysis.track
        found = count_repetitions(track.image, track.pts_s, track.aspect, movement)
        _print_repetitions(repetitions, found, as_json)
        return
    if as_json:
        print(json.dumps(score_report(analysis), indent=1, ensure_ascii=False, allow_nan=False))
        return
    console = Console(file=sys.stdout, highlight=False)
    for hold, score in zip(analysis.timeline.holds, analysis.scores, strict=True):
        _print(console, hold, score)
    if not analysis.timeline.holds:
        print("No pose was held long enough to count.")
    print(status_sentence(analysis.media))


def _movement(name: str, settings: Settings) -> MovementParams:
    movements = settings.shared.scoring.movements
    if name not in movements:
        raise ServingError(
            f"There is no movement {name!r}. Choose one of {', '.join(movements)}, or add it to "
            "`scoring.movements` in params.yaml."
        )
    return movements[name]


def _print_repetitions(name: str, found: tuple[Repetition, ...], as_json: bool) -> None:
    counted = sum(repetition.complete for repetition in found)
    if as_json:
        entries = [repetition_entry(repetition) for repetition in found]
        content = {"movement": name, "counted": counted, "repetitions": entries}
        print(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
        return
    number = 0
    for repetition in found:
        times = f"{clock(repetition.start_s)} to {clock(repetition.end_s)}"
        deepest = f"deepest {repetition.deepest_deg:.0f}°"
        if repetition.points is None:
            print(f"   {times}: cut off by the recording, {deepest}")
            continue
        number += 1
        facts = [f"{repetition.points:.0f} points", deepest, *repetition.faults]
        print(f"{number:2} {times}: {', '.join(facts)}")
    print(f"{name}: {counted} counted")


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
