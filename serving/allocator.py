"""How the C library's allocator shares memory between threads."""

import ctypes

# From glibc's malloc.h.
_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Let threads share a few memory arenas; call it before threads are started.

    By default glibc gives each thread an arena of its own and keeps what has been freed in it. Pose
    networks come and go with sessions, in threads of theirs, which makes the process larger by
    hundreds of megabytes than it has to be. Does nothing where the C library is another one.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt") and hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_ARENA_MAX, _ARENAS)
