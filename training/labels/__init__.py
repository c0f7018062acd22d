"""Label tables: reading, writing, importing, and copying labels to mirrored recordings."""
