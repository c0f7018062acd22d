"""Names of the drawn files."""

OVERLAY_FILE = "overlay.mp4"
SUMMARY_FILE = "summary.png"
# The list of holds, with the time of each photo. ``HOLDS_FOLDER`` has the photos.
HOLDS_FILE = "holds.json"
HOLDS_FOLDER = "holds"


def moment_file(number: int, moment: str) -> str:
    """Name of the picture of one moment of a hold.

    >>> moment_file(3, "entry")
    'holds/3_entry.jpg'
    """
    return f"{HOLDS_FOLDER}/{number}_{moment}.jpg"


def photo_file(number: int) -> str:
    """Name of the photo of a hold; holds are numbered from 1.

    >>> photo_file(3)
    'holds/3.jpg'
    """
    return f"{HOLDS_FOLDER}/{number}.jpg"
