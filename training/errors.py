"""What can go wrong in training, as one tree under the common one."""

from shared_features.errors import StrapsError


class TrainingError(StrapsError):
    """Anything the person who trains can cause and mend."""


class ExportError(TrainingError):
    """A model cannot be turned into a file that answers like the model itself."""
