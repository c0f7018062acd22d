"""From the labelled table to a registered model."""
