"""What a source of labels says, before it is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.recordings.catalog import Recording


@dataclass(frozen=True)
class LabelClaim:
    """One label given to a recording, or to a range of its frames.

    Attributes:
        recording: which one; None if it is not known here.
        given: what the source calls it.
        where: place in the source, for messages.
        label: what it shows.
        first: number of the first frame; None: from the start.
        last: number of the last frame, included; None: to the end.
        group: what the recording belongs to, if the source says.
    """

    recording: Recording | None
    given: str
    where: str
    label: str
    first: int | None = None
    last: int | None = None
    group: str | None = None


@dataclass(frozen=True)
class LabelSource:
    """All that a source says.

    Attributes:
        path: of the source.
        claims: in its order.
        problems: sentences on what cannot be understood; with any of them, nothing is imported.
        remarks: sentences on what is left out.
        range_hint: what to look at when ranges of frames do not fit.
    """

    path: Path
    claims: Sequence[LabelClaim]
    problems: Sequence[str] = ()
    remarks: Sequence[str] = ()
    range_hint: str = ""
