"""The errors that users can cause, as one tree.

Every message says what was given, what was expected and what to do next. The command lines print
it and exit with 2; the service turns it into ``application/problem+json``.
"""


class StrapsError(Exception):
    """Base of all errors that a user can cause and fix. Never raised itself."""


class ParamsError(StrapsError):
    """``params.yaml`` contains an unknown key or an invalid value."""


class MediaError(StrapsError):
    """A photo or a video cannot be read or written, or exceeds a limit."""


class MediaTooLargeError(MediaError):
    """A photo or a video is readable but exceeds a limit set in ``params.yaml``."""


class SeekError(MediaError):
    """A video cannot be read from the middle; the caller reads it in order instead."""


class PoseAssetError(StrapsError):
    """The pose model file is missing, damaged or cannot be obtained."""


class AlignmentError(StrapsError):
    """Two recordings cannot be compared: one shows no person, or is too short."""


class AnnotationError(StrapsError):
    """A file of recordings and their key moments cannot be used; the message lists all problems."""


class TrackError(StrapsError):
    """A landmark table or array does not have the expected shape."""


class FeatureSpecError(StrapsError):
    """A feature specification names something this version cannot compute."""


class ClassifierError(StrapsError):
    """A classifier file is missing, damaged or of another contract."""


class WorkerDiedError(StrapsError):
    """A worker process ended without a result: it crashed or was killed."""


class WorkerTimeoutError(WorkerDiedError):
    """A worker process was ended because its time was over."""
