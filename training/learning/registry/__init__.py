"""Runs and registered models in MLflow, and which version is served."""
