"""Limits of photos and frames that hold whatever they are read from."""

from shared_features.errors import MediaTooLargeError
from shared_features.params import MediaParams


def require_sides_within(name: str, width: int, height: int, limits: MediaParams) -> None:
    """Refuse an image with a side that is longer than allowed.

    Raises:
        MediaTooLargeError: It has one; the message says so.
    """
    if max(width, height) > limits.max_side_pixels:
        raise MediaTooLargeError(
            f"{name} has {width}×{height} pixels; a side may have at most "
            f"{limits.max_side_pixels:,} (`media.max_side_pixels` in params.yaml). Crop it, or "
            "scale it down."
        )
