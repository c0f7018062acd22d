"""How the C library's allocator shares memory between threads, and when it gives memory back."""

import ctypes
from functools import cache

# From glibc's malloc.h.
_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Let threads share a few memory arenas; call it before many threads are started.

    By default glibc gives each thread an arena of its own and keeps what has been freed in it. Pose
    networks come and go with chunks and sessions, in threads of theirs: measured, an hour of video
    leaves a gigabyte behind that nobody uses. Does nothing where the C library is another one.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give the system what has been freed; call it where much has been, since it takes 10 ms.

    Otherwise the free places between what is in use stay with the process, and become more.
    """
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, if it is that one."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
