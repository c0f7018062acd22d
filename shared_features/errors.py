"""What can go wrong, as one tree.

Every message says what was given, what was expected and what to do next; the command lines print
it and exit with 2, the service turns it into ``application/problem+json``.
"""


class StrapsError(Exception):
    """Anything a user can cause and mend. Never raised itself."""


class ParamsError(StrapsError):
    """``params.yaml`` holds a key or a value that is not understood."""


class MediaError(StrapsError):
    """A photo or a video cannot be read, or is larger than allowed."""


class MediaTooLargeError(MediaError):
    """A photo or a video is readable but beyond a limit of ``params.yaml``."""


class SeekError(MediaError):
    """A video can only be read from its beginning; whoever catches it does that."""


class PoseAssetError(StrapsError):
    """The pose model file is missing, damaged or cannot be obtained."""


class TrackError(StrapsError):
    """A landmark table or array does not have the promised shape."""


class FeatureSpecError(StrapsError):
    """A feature specification names something this version cannot compute."""


class ClassifierError(StrapsError):
    """A classifier file is missing, damaged or of another contract."""
