"""Labels while they are edited: changes to ranges, undo history, and the files on disk."""
