"""Errors of the service; all others are in ``shared_features.errors``."""

from pathlib import Path

from shared_features.errors import StrapsError


class ServingError(StrapsError):
    """Base class of errors in a request or in the configuration of the service."""


class NotReadyError(ServingError):
    """The service is running but not ready; the message says what is missing."""


class BusyError(ServingError):
    """Too much work is waiting already.

    Args:
        message: Text that says what is full.
        retry_after_s: Seconds after which a retry makes sense.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TokenError(ServingError):
    """A token is not one of the service's."""


class LimitError(BusyError):
    """One client asks for more than its share; others are still served."""


class DataDirError(ServingError):
    """The data folder cannot be used."""


class UploadError(ServingError):
    """An upload that cannot be accepted.

    Args:
        status: HTTP status of the response.
        message: Text that says what was sent, what was expected and what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class DiskFullError(UploadError):
    """There is no room on the disk; the message names it."""

    def __init__(self, message: str) -> None:
        super().__init__(507, message)


class NotFoundError(ServingError):
    """The requested resource does not exist."""


class ConflictError(ServingError):
    """The resource exists, but not in the state the request requires.

    Args:
        message: Text that says which state it is in.
        retry_after_s: Seconds after which a retry makes sense; None when retrying will not help.
    """

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotAcceptableError(ServingError):
    """The client accepts none of the available formats."""


def client_message(error: Exception, path: Path, source: str) -> str:
    """An error's message, with the client's name for the file instead of its name on disk."""
    return str(error).replace(str(path), source).replace(path.name, source)
