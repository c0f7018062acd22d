"""Evaluation of models on recordings they have not learned from."""
