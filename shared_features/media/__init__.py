"""Recordings in and out: upright frames with their times, audio, and videos for browsers."""
