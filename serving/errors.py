"""What can go wrong in the service alone; everything else is in ``shared_features.errors``."""

from pathlib import Path

from shared_features.errors import StrapsError


class ServingError(StrapsError):
    """Something about a request, or about how the service is set up."""


class NotReadyError(ServingError):
    """The service runs but cannot answer yet; the message says what is missing."""


class BusyError(ServingError):
    """More work is waiting than allowed.

    Args:
        message: what is full.
        retry_after_s: when it makes sense to ask again.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DataDirError(ServingError):
    """The data folder cannot be used."""


class UploadError(ServingError):
    """An upload that cannot be taken.

    Args:
        status: the HTTP status that says so.
        message: what was sent, what was expected, what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotFoundError(ServingError):
    """There is no such thing."""


class ConflictError(ServingError):
    """It exists, but not in the state that the request needs.

    Args:
        message: which state it is in.
        retry_after_s: when it makes sense to ask again; None when that would not help.
    """

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotAcceptableError(ServingError):
    """None of the formats that the client accepts can be made."""


def client_message(error: Exception, path: Path, source: str) -> str:
    """An error's message with the client's name for a file in place of our name on disk."""
    return str(error).replace(str(path), source).replace(path.name, source)
