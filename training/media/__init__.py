"""Preparation of recordings, and extraction of their landmarks."""
