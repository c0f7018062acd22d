"""A kinematic performer: labelled landmarks, and rendered frames that MediaPipe itself detects."""
