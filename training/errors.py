"""The exception tree of training, below the shared one."""

from shared_features.errors import StrapsError


class TrainingError(StrapsError):
    """Anything that the person who trains can cause and fix."""


class RecordingError(TrainingError):
    """A folder of recordings is missing or empty, or has two recordings of the same name."""


class TableError(TrainingError):
    """A file of another tool is no table, or cannot be read for certain."""


class LabelError(TrainingError):
    """A label table is damaged, or has unknown labels or recordings."""


class DatasetError(TrainingError):
    """A dataset cannot be trained on: no rows, only one label, or too few recordings."""


class ExportError(TrainingError):
    """A model cannot be exported to a file that gives the same predictions."""


class PromotionError(TrainingError):
    """A model does not pass the gate, or there is no model to promote or to roll back to."""
