"""Decoded frames of recordings, for the page."""
