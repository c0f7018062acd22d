"""Checks that every reader makes before it opens a file."""

from pathlib import Path

from shared_features.errors import MediaError


def require_content(path: Path) -> None:
    """Check that a file exists and is not empty.

    Raises:
        MediaError: there is no such file, or it has 0 bytes.
    """
    if not path.is_file():
        raise MediaError(f"There is no file {path}. Give the path of a photo or a video.")
    if path.stat().st_size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes). Send the original file again.")
