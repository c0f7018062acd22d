"""Recordings made ready, and the landmarks that MediaPipe finds in them."""
