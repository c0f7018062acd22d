"""Key moments of a reference in another recording: approaches, their training and their score."""
