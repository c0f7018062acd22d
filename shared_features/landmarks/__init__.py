"""The 33 landmarks, a recording's landmarks as one value, and their tables on disk."""
