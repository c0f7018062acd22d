"""Terminal output of ``straps-serve live``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from serving.exports.scores import score_words
from serving.live.classifier import LivePrediction
from serving.live.steady import EndedHold

_REFRESH_PER_SECOND = 12
_BAR_WIDTH = 30


class LiveView:
    """Shows the current pose, its clock, probabilities, and the holds so far.

    Args:
        console: Console to draw on; if it is not a terminal, each hold is printed as a line.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self.holds: list[EndedHold] = []

    @contextmanager
    def showing(self) -> Iterator[Self]:
        """Draw until the block ends, then print the holds."""
        if self._console.is_terminal:
            with Live(
                console=self._console, refresh_per_second=_REFRESH_PER_SECOND, transient=True
            ) as self._live:
                yield self
            self._live = None
        else:
            yield self
        self._console.print(holds_table(self.holds) if self.holds else "No pose was held.")

    def update(self, prediction: LivePrediction, fps: float, dropped: int) -> None:
        """Show the prediction for a frame."""
        if prediction.steady.ended is not None:
            self.add(prediction.steady.ended)
        if self._live is not None:
            self._live.update(_panel(prediction, fps, dropped, self.holds))

    def add(self, hold: EndedHold) -> None:
        """Add a hold that has ended."""
        self.holds.append(hold)
        if self._live is None:
            words = "" if hold.score is None else f", {score_words(hold.score)}"
            self._console.print(f"{hold.label}: {hold.end_s - hold.start_s:.1f} s{words}")


def _panel(
    prediction: LivePrediction, fps: float, dropped: int, holds: list[EndedHold]
) -> RenderableType:
    steady = prediction.steady
    clock = "" if steady.hold_s is None else f"{steady.hold_s:.1f} s"
    heading = Text.assemble((steady.label.upper(), "bold"), "   ", (clock, "bold green"))
    bars = Table.grid(padding=(0, 1))
    for label, probability in zip(prediction.labels, steady.probabilities.tolist(), strict=True):
        known = 0.0 if probability != probability else probability  # NaN without a person
        bars.add_row(
            label, ProgressBar(total=1, completed=known, width=_BAR_WIDTH), f"{known:4.0%}"
        )
    facts = Text(
        f"{fps:.0f} frames/s · pose network {prediction.pose_s * 1000:.0f} ms · "
        f"{dropped} dropped · Ctrl+C to stop",
        style="dim",
    )
    parts: list[RenderableType] = [heading, Text(), bars, Text(), facts]
    if holds:
        parts[4:4] = [holds_table(holds[-5:]), Text()]
    return Panel(Group(*parts), title="straps live")


def holds_table(holds: list[EndedHold]) -> Table:
    """Holds and their durations; the best of each pose is marked."""
    best = {hold.label: 0.0 for hold in holds}
    for hold in holds:
        best[hold.label] = max(best[hold.label], hold.end_s - hold.start_s)
    table = Table("pose", title="Holds", title_justify="left")
    table.add_column("duration", justify="right")
    table.add_column("points", justify="right")
    table.add_column("")
    for hold in holds:
        duration_s = hold.end_s - hold.start_s
        table.add_row(
            hold.label,
            f"{duration_s:.1f} s",
            "–" if hold.score is None or hold.score.points is None else f"{hold.score.points:.0f}",
            "best" if duration_s == best[hold.label] else "",
        )
    return table
