"""A synthetic performer: labelled landmarks, and rendered frames that MediaPipe can detect."""
