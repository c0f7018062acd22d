"""Control over glibc's allocator: how threads share memory, and when freed memory is returned."""

import ctypes
from functools import cache

# From glibc's malloc.h.
_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Make threads share a few memory arenas; call it before many threads are started.

    By default glibc gives each thread its own arena and keeps the memory freed in it. Pose networks
    come and go with chunks and sessions, each in its own threads: an hour of video was measured to
    leave a gigabyte of unused memory behind. Does nothing where the C library is not glibc.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def release_freed() -> None:
    """Return freed memory to the system. It takes 10 ms, so call it after freeing a lot.

    Without it, the gaps between blocks in use stay with the process and their number grows. Does
    nothing where the C library is not glibc.
    """
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, or None if it is not glibc."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
