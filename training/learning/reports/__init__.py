"""Reports of a training for a person: figures, HTML pages and the records in MLflow."""
