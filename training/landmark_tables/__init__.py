"""Landmark tables that another program made, read into those of this project."""
