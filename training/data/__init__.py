"""Landmark and label tables combined into one table of features, and its splits."""
