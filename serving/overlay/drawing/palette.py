"""The colours of the poses, the same in the video, in the pictures and on the page."""

from serving.settings import OverlayParams
from shared_features.classify.timeline import NO_PERSON, UNCERTAIN

Rgb = tuple[int, int, int]

INK: Rgb = (29, 24, 40)
WHITE: Rgb = (255, 255, 255)
LEFT: Rgb = (255, 176, 90)
RIGHT: Rgb = (96, 190, 255)


class Palette:
    """Which colour a label has.

    Args:
        params: the colours.
        labels: of the model; a pose's place among them is its colour's.
        other: the label that is no pose.
    """

    def __init__(self, params: OverlayParams, labels: tuple[str, ...], other: str) -> None:
        colours = [rgb(colour) for colour in params.colours]
        self.other = rgb(params.other_colour)
        self._poses = {
            label: colours[place % len(colours)]
            for place, label in enumerate(labels)
            if label != other
        }

    def is_pose(self, label: str) -> bool:
        """Whether a label is one of the poses."""
        return label in self._poses

    def of(self, label: str) -> Rgb:
        """The colour of any answer; everything that is no pose has the same one."""
        return self._poses.get(label, self.other)


def rgb(colour: str) -> Rgb:
    """Red, green and blue of ``#rrggbb``.

    >>> rgb("#f4a259")
    (244, 162, 89)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def shown_label(label: str, other: str) -> str:
    """An answer in few words: what is no pose needs no more."""
    if label in (UNCERTAIN, NO_PERSON):
        return label
    return "transition" if label == other else label
