"""The starter model, trained on synthetic data only."""
