"""What the page can ask to be done to the labels of a recording, as it is sent.

Each request carries an id that it keeps when it is sent again, after a server was gone: what has
been done is not done twice.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from training.labeller.editing import rule
from training.labeller.editing.rule import Change, Ranges

Frame = Annotated[int, Field(ge=0, lt=2**31)]


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str = Field(min_length=8, max_length=64, pattern=r"^[0-9a-zA-Z-]+$")
    frame: Frame = 0


class LabelFrames(_Action):
    """Label from the last labelled frame up to and including the one on the page."""

    do: Literal["label"]
    label: str

    def change(self, ranges: Ranges, shown: Sequence[int]) -> Change:
        """What changes."""
        return rule.label_through(ranges, shown, self.frame, self.label)


class RelabelRange(_Action):
    """Give the range that a frame is in another label."""

    do: Literal["relabel"]
    label: str

    def change(self, ranges: Ranges, shown: Sequence[int]) -> Change:
        """What changes."""
        del shown
        return rule.relabel(ranges, self.frame, self.label)


class MoveBorder(_Action):
    """Move the border behind frame ``border`` behind frame ``to``."""

    do: Literal["move_border"]
    border: Frame
    to: Frame

    def change(self, ranges: Ranges, shown: Sequence[int]) -> Change:
        """What changes."""
        del shown
        return rule.move_border(ranges, self.border, self.to)


class Keep(_Action):
    """Go on behind a frame of a recording that is labelled again; its old labels stay."""

    do: Literal["keep"]


class Undo(_Action):
    """Take the last step back."""

    do: Literal["undo"]


class Redo(_Action):
    """Take the step again that was taken back last."""

    do: Literal["redo"]


Changing = LabelFrames | RelabelRange | MoveBorder
Action = Annotated[Changing | Keep | Undo | Redo, Field(discriminator="do")]
