"""Several kinds of models on any labelled table."""
