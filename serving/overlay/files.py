"""What the drawn files are called."""

OVERLAY_FILE = "overlay.mp4"
SUMMARY_FILE = "summary.png"
# The holds with the moments of their photos; in ``HOLDS_FOLDER`` lies a photo of each.
HOLDS_FILE = "holds.json"
HOLDS_FOLDER = "holds"


def photo_file(number: int) -> str:
    """The photo of a hold, by its number from 1 on.

    >>> photo_file(3)
    'holds/3.jpg'
    """
    return f"{HOLDS_FOLDER}/{number}.jpg"
