"""Labels as an external source gives them, before they are checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.recordings.catalog import Recording


@dataclass(frozen=True)
class LabelClaim:
    """A label that the source gives to a recording or to a range of its frames.

    Attributes:
        recording: Labelled recording; None if it is unknown here.
        given: Name of the recording in the source.
        where: Position in the source, for messages.
        label: Label of the recording or range.
        first: Number of the first frame; None: the recording's first.
        last: Number of the last frame, inclusive; None: the recording's last.
        start_s: Time of the start in seconds, instead of frame numbers; None: there are none.
        end_s: Time of the end, exclusive; None: the recording's end.
        group: Group of the recording, if the source has one.
    """

    recording: Recording | None
    given: str
    where: str
    label: str
    first: int | None = None
    last: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    group: str | None = None


@dataclass(frozen=True)
class LabelSource:
    """All labels of a source.

    Attributes:
        path: Path of the source.
        claims: Labels, in the order of the source.
        problems: Sentences about unreadable entries; if there are any, nothing is imported.
        remarks: Sentences about entries that are left out.
        range_hint: What to check if ranges of frames do not fit the recording.
    """

    path: Path
    claims: Sequence[LabelClaim]
    problems: Sequence[str] = ()
    remarks: Sequence[str] = ()
    range_hint: str = ""
