"""Blocking context managers in async routes, entered and left on worker threads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

# The event loop keeps only weak references to tasks.
_leaving: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def off_loop(manager: AbstractContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave a blocking context manager without blocking the event loop.

    The manager is left even if the request is cancelled, at whatever moment; FastAPI's
    ``contextmanager_in_threadpool`` does not leave it in that case. Exceptions are not passed to
    the manager, so use it for managers that only clean up.
    """
    entering = asyncio.ensure_future(asyncio.to_thread(manager.__enter__))
    try:
        yield await asyncio.shield(entering)
    finally:
        leaving = asyncio.create_task(_leave(entering, manager))
        _leaving.add(leaving)
        leaving.add_done_callback(_leaving.discard)
        await asyncio.shield(leaving)


async def _leave(entering: "asyncio.Future[T]", manager: AbstractContextManager[Any]) -> None:
    await asyncio.wait([entering])
    if entering.exception() is None:
        await asyncio.to_thread(manager.__exit__, None, None, None)
