"""``straps-serve analyze``: from a video to a folder of results and a table of holds.

The video is read in a worker process: if it crashes a native decoder, the command still says so.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from serving.analysis import Analysis, MediaFacts, analyze_video, announced_frames
from serving.cli.video_worker import call_in_worker
from serving.errors import ServingError
from serving.exports.files import write_exports
from serving.overlay.render import draw_all
from serving.overlay.routine import routine_of
from serving.settings import Settings, load_settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import NOT_IN_VIEW, Timeline
from shared_features.landmarks.track_csv import track_file_name
from shared_features.runtime.worker_process import note
from shared_features.scoring.holds import HoldScore

_CHECKPOINTS = ".checkpoints"


def analyze_to_folder(
    video: Path,
    out: Path,
    model: Path | None,
    params: Path | None,
    overlay: bool = False,
    slow_motion: float | None = None,
) -> None:
    """Analyse a video, write the results into a folder and print the holds.

    An interrupted run resumes where it stopped, with the same result. The hold photos and the
    summary image are always drawn: they cost a second decoding, not a second analysis.

    Args:
        video: Path of the recording.
        out: Path of the folder; created if missing.
        model: Path of a model file; None for the one in the settings.
        params: Path of a settings file; None for the project's.
        overlay: Whether to write the video with the poses drawn on it as well.
        slow_motion: How many times slower than real the video plays; None: as the file says.

    Raises:
        StrapsError: The video, the model or a setting cannot be used.
    """
    settings = load_settings(params)
    model = model or settings.serving.model_path
    try:
        media, timeline, scores, written = call_in_worker(
            FolderAnalyst, "analyze", video, out, model, settings, overlay, slow_motion
        )
    except OSError as error:
        raise ServingError(
            f"The results cannot be written to {out} ({error.strerror or error}). Choose "
            "another folder with --out."
        ) from error
    _report(media, timeline, scores)
    names = [str(path.relative_to(out)) for path in written]
    print(f"Written to {out}: {', '.join(names)}.")


class FolderAnalyst:
    """Analyses a video into a folder; lives in a worker process."""

    def analyze(
        self,
        video: Path,
        out: Path,
        model: Path,
        settings: Settings,
        overlay: bool,
        slow_motion: float | None,
    ) -> tuple[MediaFacts, Timeline, tuple[HoldScore, ...], list[Path]]:
        """Write all results.

        Notes ``(title, frames done, frames in all)`` for every frame of each pass.

        Returns:
            Facts about the video, its timeline, the scores of its holds, and the files written.

        Raises:
            StrapsError: The model cannot be used, or the file is not a readable video within the
                limits.
            OSError: The results cannot be written.
        """
        classifier = PoseClassifier(model)
        frames = announced_frames(video, settings.shared.media)
        out.mkdir(parents=True, exist_ok=True)
        checkpoints = out / _CHECKPOINTS
        analysis = _analyze(video, checkpoints, classifier, settings, frames, slow_motion)
        written = write_exports(analysis, out, track_file_name("video", video.name))
        media, timeline, scores = analysis.media, analysis.timeline, analysis.scores
        routine = routine_of(analysis)
        del analysis  # an hour of landmarks should not be in memory twice
        title = "overlay" if overlay else "images"
        written += draw_all(
            video,
            routine,
            out,
            settings.serving.overlay,
            settings.shared.media,
            overlay=overlay,
            report_progress=lambda done: note((title, done, len(routine))),
        )
        shutil.rmtree(out / _CHECKPOINTS, ignore_errors=True)
        return media, timeline, scores, written


def _analyze(
    video: Path,
    checkpoints: Path,
    classifier: PoseClassifier,
    settings: Settings,
    frames: int | None,
    slow_motion: float | None,
) -> Analysis:
    return analyze_video(
        video,
        video.name,
        classifier,
        settings.shared,
        checkpoints,
        lambda done: note((video.name, done, frames)),
        settings.serving.analysis_threads,
        slow_motion,
    )


def _report(media: MediaFacts, timeline: Timeline, scores: tuple[HoldScore, ...]) -> None:
    console = Console(file=sys.stdout, highlight=False)
    holds = timeline.holds
    if holds:
        table = Table("pose", title="Holds", title_justify="left")
        for column in ("start", "end", "duration", "confidence", "points"):
            table.add_column(column, justify="right")
        for hold, score in zip(holds, scores, strict=True):
            table.add_row(
                Text(hold.label),
                clock(hold.start_s),
                clock(hold.end_s),
                f"{hold.duration_s:.1f} s",
                "" if hold.confidence is None else f"{hold.confidence:.0%}",
                "–" if score.points is None else f"{score.points:.0f}",
            )
        console.print(table)
        for hold, score in zip(holds, scores, strict=True):
            for remark in remarks(score):
                console.print(Text(f"{hold.label} at {clock(hold.start_s)}: {remark}"))
    for total in timeline.totals:
        if total.holds:
            count = "1 hold" if total.holds == 1 else f"{total.holds} holds"
            longest = f"longest {total.longest_hold_s:.1f} s"
            print(f"{total.label}: {total.total_s:.1f} s in total, {count}, {longest}")
    if not holds:
        print("No pose was held long enough to count.")
    for sentence in (*_view_sentences(timeline), status_sentence(media), *media.notes):
        print(sentence)


def remarks(score: HoldScore) -> list[str]:
    """What cost points and how many, or why there are none."""
    if score.reason is not None:
        return [f"no score: {score.reason}"]
    return [f"{fault.text} (−{fault.points:.0f})" for fault in score.faults]


def _view_sentences(timeline: Timeline) -> Iterator[str]:
    """How long the body was cut off by the edge of the picture, if it was."""
    cut_off_s = sum(s.duration_s for s in timeline.segments if s.label == NOT_IN_VIEW)
    if cut_off_s:
        yield f"For {cut_off_s:.1f} s, not all of the body was in view, so no pose was named."


def clock(seconds: float) -> str:
    """A time as minutes and seconds.

    >>> clock(83.25)
    '1:23.2'
    """
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02}.{tenths % 10}"


def status_sentence(media: MediaFacts) -> str:
    """One sentence about how much of the video could be read."""
    read = f"{media.frames} frames, {media.duration_s:.1f} s"
    if media.repaired_timestamps:
        read += f", {media.repaired_timestamps} of the frames with a repaired timestamp"
    if media.status == "complete":
        return f"{media.source} was read to the end: {read}."
    damage = (
        f"{media.decode_failures} packets could not be decoded, {media.damaged_frames} frames are "
        "damaged"
    )
    if media.status == "truncated":
        return f"{media.source} is truncated: it ends earlier than announced ({read}; {damage})."
    return f"{media.source} is corrupt: it was read to the end ({read}), but {damage}."
