"""Process-level helpers: atomic files, prefetching, memory, processor cores and the console."""
