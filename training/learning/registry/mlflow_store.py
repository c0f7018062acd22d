"""Location of MLflow's store, for code that must not import MLflow."""

from training.params import TrackingParams

_MLFLOW_FILE = "mlflow.db"


def mlflow_uri(params: TrackingParams) -> str:
    """URI of MLflow's store: as set in params.yaml, or else a SQLite file."""
    return params.mlflow_uri or f"sqlite:///{params.folder / _MLFLOW_FILE}"
