"""Where MLflow keeps what it knows; known without importing MLflow."""

from training.params import TrackingParams

_MLFLOW_FILE = "mlflow.db"


def mlflow_uri(params: TrackingParams) -> str:
    """As told by params.yaml, else a SQLite file."""
    return params.mlflow_uri or f"sqlite:///{params.folder / _MLFLOW_FILE}"
