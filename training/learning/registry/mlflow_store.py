"""Location of MLflow's store, for code that must not import MLflow."""

from pathlib import Path

from training.params import TrackingParams

_MLFLOW_FILE = "mlflow.db"


def mlflow_uri(params: TrackingParams) -> str:
    """URI of MLflow's store: as set in params.yaml, or else a SQLite file."""
    return params.mlflow_uri or f"sqlite:///{mlflow_file(params)}"


def mlflow_file(params: TrackingParams) -> Path:
    """Path of the SQLite file, if MLflow has no other store."""
    return params.folder / _MLFLOW_FILE
