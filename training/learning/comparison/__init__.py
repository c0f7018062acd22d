"""Comparison of several kinds of models on any labelled table."""
