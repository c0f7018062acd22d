"""Changes that the page can request, as the JSON bodies it sends.

Every request carries an ID, and the page reuses that ID when it resends the request because the
server went away. A request that has already been carried out is therefore not carried out twice.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from training.labeller.editing import ranges as edit
from training.labeller.editing.ranges import Change, Ranges

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
        """The change to the labels."""
        return edit.label_through(ranges, shown, self.frame, self.label)


class RelabelRange(_Action):
    """Give the whole range that contains the frame another label."""

    do: Literal["relabel"]
    label: str

    def change(self, ranges: Ranges, shown: Sequence[int]) -> Change:
        """The change to the labels."""
        del shown
        return edit.relabel(ranges, self.frame, self.label)


class MoveBoundary(_Action):
    """Move the boundary after frame ``boundary`` to after frame ``to``."""

    do: Literal["move_boundary"]
    boundary: Frame
    to: Frame

    def change(self, ranges: Ranges, shown: Sequence[int]) -> Change:
        """The change to the labels."""
        del shown
        return edit.move_boundary(ranges, self.boundary, self.to)


class Keep(_Action):
    """Move past a frame of a recording that is being relabelled, keeping its old labels."""

    do: Literal["keep"]


class Undo(_Action):
    """Undo the last step."""

    do: Literal["undo"]


class Redo(_Action):
    """Redo the step that was undone last."""

    do: Literal["redo"]


Changing = LabelFrames | RelabelRange | MoveBoundary
Action = Annotated[Changing | Keep | Undo | Redo, Field(discriminator="do")]
