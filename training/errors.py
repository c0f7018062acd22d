"""What can go wrong in training, as one tree under the common one."""

from shared_features.errors import StrapsError


class TrainingError(StrapsError):
    """Anything the person who trains can cause and mend."""


class RecordingError(TrainingError):
    """A folder of recordings is missing, empty, or holds two recordings of one name."""


class LabelError(TrainingError):
    """A label table is damaged, or names labels or recordings that are not known."""


class DatasetError(TrainingError):
    """A table cannot be trained on: no rows, one class only, too few recordings."""


class ExportError(TrainingError):
    """A model cannot be turned into a file that answers like the model itself."""


class PromotionError(TrainingError):
    """A model does not pass the gate, or there is none to promote or to go back to."""
