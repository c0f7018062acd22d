"""Videos: reading in order and from the middle, live sources, audio, and writing."""
