"""Threads share memory arenas, and freed memory is returned to the system."""

import subprocess
import sys

import pytest

from shared_features.runtime.allocator import _glibc

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or _glibc() is None, reason="needs glibc's allocator"
)

# Eight threads allocate at the same time; malloc_info lists a heap for each arena.
ARENAS = """
import re, threading
from shared_features.runtime.allocator import limit_arenas
{limit}
together = threading.Barrier(9)

def allocate():
    bytearray(100_000)
    together.wait()
    bytearray(100_000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
together.wait()
import ctypes
ctypes.CDLL(None).malloc_info(0, ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stdout"))
ctypes.CDLL(None).fflush(None)
together.wait()
"""

FREED = """
import ctypes
from shared_features.runtime.allocator import release_freed

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

before = resident_mb()
blocks = [libc.malloc(60_000) for _ in range(2_000)]
for block in blocks:
    ctypes.memset(block, 1, 60_000)
last = libc.malloc(60_000)  # keeps the heap from shrinking by itself
for block in blocks:
    libc.free(block)
freed = resident_mb()
release_freed()
print(freed - before, resident_mb() - before)
"""


def output_of(program: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_threads_share_two_arenas_instead_of_having_one_each() -> None:
    """Eight threads at the same time: nine arenas by default, two with the limit."""
    assert output_of(ARENAS.format(limit="")).count("<heap nr=") > 2
    assert output_of(ARENAS.format(limit="limit_arenas()")).count("<heap nr=") == 2


def test_freed_memory_goes_back_to_the_system() -> None:
    """120 MB freed below a block in use stay with the process until they are released."""
    kept_mb, released_mb = (float(number) for number in output_of(FREED).split())
    assert kept_mb > 100
    assert released_mb < 20
