"""The 33 landmarks, the landmark track of a recording, and landmark tables on disk."""
