"""The colours of the poses, the same in the video, the photos and the page."""

from serving.settings import OverlayParams
from shared_features.classify.timeline import NO_POSE

Rgb = tuple[int, int, int]

INK: Rgb = (29, 24, 40)
WHITE: Rgb = (255, 255, 255)
LEFT: Rgb = (255, 176, 90)
RIGHT: Rgb = (96, 190, 255)


class Palette:
    """The colour of each label.

    Args:
        params: Settings with the colours.
        labels: Labels of the model; a pose has the colour with its index.
        other: The label that is no pose.
    """

    def __init__(self, params: OverlayParams, labels: tuple[str, ...], other: str) -> None:
        colours = [rgb(colour) for colour in params.colours]
        self.other = rgb(params.other_colour)
        self._poses = {
            label: colours[index % len(colours)]
            for index, label in enumerate(labels)
            if label != other
        }

    def is_pose(self, label: str) -> bool:
        """Whether a label is one of the poses."""
        return label in self._poses

    def of(self, label: str) -> Rgb:
        """The colour of a label; all that are no pose share one."""
        return self._poses.get(label, self.other)


def rgb(colour: str) -> Rgb:
    """Red, green and blue of ``#rrggbb``.

    >>> rgb("#f4a259")
    (244, 162, 89)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def shown_label(label: str, other: str) -> str:
    """A label as it is drawn; the one that is no pose is shortened."""
    if label in NO_POSE:
        return label
    return "transition" if label == other else label
