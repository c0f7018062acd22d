"""A process of its own for work that may take its process down.

Native decoders and networks abort on input that nobody foresaw, loop for minutes on input that
somebody made, and keep memory. Run in a worker process, such input costs the one call that brought
it: the caller gets an error, ends the process when its time is over, and starts another one.

A worker holds one object, made in its process from a module-level function, and calls that object's
methods one at a time. Arguments, results and exceptions travel by pickle; large files stay on disk
and travel as paths.

Importing what a worker needs takes half a second of a core and 100 MiB, so it is done once: workers
are forked from a fork server, a process without threads of its own, in which the modules named to
``preload`` are imported and nothing is run. Threads of native libraries do not survive a fork, so
neither a network nor a session may be made there.
"""

import contextlib
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing import connection, forkserver, get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import Any, Self

from shared_features.errors import WorkerDiedError, WorkerTimeoutError

# How often a caller's check runs while a call is under way.
_CHECK_EVERY_S = 0.1
_GRACE_S = 2.0

_Reply = tuple[str, Any]


def preload(*modules: str) -> None:
    """Start the fork server, in which modules are imported for all workers to come.

    Call it first thing, while the program has one thread: it changes the environment for a moment.
    Without it, the fork server starts with the first worker, and each worker imports what it needs.

    Args:
        modules: Names of the modules of the functions that make workers' objects.
    """
    forkserver.set_forkserver_preload(list(modules))
    kept = os.environ.copy()
    # The fork server has to find modules where this process does, and not in the working folder:
    # a stranger's file of the same name could lie there.
    os.environ |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    try:
        forkserver.ensure_running()
    finally:
        for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
            del os.environ[name]
        os.environ |= kept


class WorkerProcess:
    """One object in a process of its own. Safe to share between threads, which wait for each other.

    The process starts at once and makes its object in the background, so a worker that is created
    ahead of time is warm when its first call comes. Use it as a context manager, or call ``end``.

    Args:
        make: A module-level function; the process imports it and calls it.
        arguments: What it is called with.
        niceness: Added to the process's own; above 0, it yields to others.
        fork: Fork this process instead of the fork server. Only for a program that has not started
            any threads yet: everything it has imported is there at once.
    """

    def __init__(
        self,
        make: Callable[..., object],
        *arguments: object,
        niceness: int = 0,
        fork: bool = False,
    ) -> None:
        self._connection, theirs = connection.Pipe()
        self._process: BaseProcess
        if fork:
            given = theirs, niceness, self._connection
            self._process = get_context("fork").Process(target=_serve, args=given, daemon=True)
        else:
            context = get_context("forkserver")
            self._process = context.Process(target=_serve, args=(theirs, niceness), daemon=True)
        self._process.start()
        # With our copy closed, the process's death shows as the end of the connection.
        theirs.close()
        self._lock = threading.Lock()
        self._made = False
        # Sent, not given to the process as an argument: a large argument would wait for ever for a
        # process that dies before it has read it.
        self._send((make, arguments))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """ID of the process."""
        pid = self._process.pid
        assert pid is not None  # noqa: S101 - for the type checker: it was started
        return pid

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._process.is_alive()

    def wait_until_ready(self, timeout_s: float | None = None) -> None:
        """Wait until the object is made.

        Raises:
            WorkerDiedError: The process ended before that, or was ended after ``timeout_s``.
            Exception: Whatever making the object raised.
        """
        with self._lock:
            self._wait_until_made(_deadline(timeout_s), None)

    def call(
        self,
        method: str,
        *arguments: object,
        timeout_s: float | None = None,
        on_note: Callable[[Any], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> Any:
        """Call a method of the worker's object and wait for its result.

        Args:
            method: Its name.
            arguments: What it is called with.
            timeout_s: The process is ended when the result takes longer; None waits for ever.
            on_note: Called with each value that the method passes to ``note``.
            check: Called about ten times a second while the call is under way. When it raises, the
                process is ended and the exception is raised here.

        Raises:
            WorkerDiedError: The process ended without a result.
            WorkerTimeoutError: It was ended because its time was over.
            Exception: Whatever the method raised.
        """
        with self._lock:
            deadline = _deadline(timeout_s)
            self._wait_until_made(deadline, check)
            self._send((method, arguments))
            return self._result(deadline, on_note, check)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._connection.close()
        self._process.terminate()
        self._process.join(_GRACE_S)
        self._process.kill()
        self._process.join()

    def _wait_until_made(self, deadline: float | None, check: Callable[[], None] | None) -> None:
        if not self._made:
            self._result(deadline, None, check)
            self._made = True

    def _send(self, message: object) -> None:
        # A process that is gone is noticed where its reply is read.
        with contextlib.suppress(OSError):
            self._connection.send(message)

    def _result(
        self,
        deadline: float | None,
        on_note: Callable[[Any], None] | None,
        check: Callable[[], None] | None,
    ) -> Any:
        try:
            kind, value = self._next_reply(deadline, check)
            while kind == "note":
                if on_note is not None:
                    on_note(value)
                kind, value = self._next_reply(deadline, check)
        except BaseException:
            # The reply of a call that was abandoned must not be taken for that of the next one.
            self.end()
            raise
        if kind == "raised":
            raise value
        return value

    def _next_reply(self, deadline: float | None, check: Callable[[], None] | None) -> _Reply:
        while True:
            left_s = None if deadline is None else deadline - time.monotonic()
            if left_s is not None and left_s <= 0:
                raise WorkerTimeoutError("The worker process was ended: its time was over.")
            wait_s = left_s
            if check is not None:
                check()
                wait_s = _CHECK_EVERY_S if left_s is None else min(_CHECK_EVERY_S, left_s)
            try:
                if self._connection.poll(wait_s):
                    reply: _Reply = self._connection.recv()
                    return reply
            except (EOFError, OSError) as error:
                raise WorkerDiedError(self._how_it_died()) from error

    def _how_it_died(self) -> str:
        self._process.join(_GRACE_S)
        code = self._process.exitcode
        if code == -signal.SIGKILL:
            return "The worker process was killed, most likely because memory ran out."
        if code is not None and code < 0:
            return f"The worker process crashed ({signal.Signals(-code).name})."
        return f"The worker process ended unexpectedly (exit code {code})."


_to_parent: "connection.Connection | None" = None
_sending = threading.Lock()


def note(value: object) -> None:
    """Tell the caller something before the result, from within a worker's method.

    Does nothing outside a worker process, so that the same function can run in either. Any thread
    may call it.
    """
    if _to_parent is not None:
        with _sending:
            _to_parent.send(("note", value))


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s


def _serve(
    to_parent: "connection.Connection",
    niceness: int,
    inherited: "connection.Connection | None" = None,
) -> None:
    """What the process does: makes its object, then one call after another.

    Args:
        to_parent: Where calls come from and replies go.
        niceness: Added to that of the process.
        inherited: The parent's end, if the process was forked from the parent itself.
    """
    global _to_parent
    _to_parent = to_parent
    if inherited is not None:
        inherited.close()
    # Ctrl+C reaches every process of a terminal; the parent decides what happens to its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if niceness:
        os.nice(niceness)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        make, arguments = to_parent.recv()
        outcome, made = _attempt(make, arguments)
        to_parent.send((outcome, None if outcome == "done" else made))
        while outcome == "done":
            method, arguments = to_parent.recv()
            to_parent.send(_attempt(getattr(made, method), arguments))


def _attempt(function: Callable[..., object], arguments: tuple[object, ...]) -> _Reply:
    try:
        return "done", function(*arguments)
    except Exception as error:  # the boundary of a process: the caller decides
        return "raised", _portable(error)


def _portable(error: Exception) -> Exception:
    """The exception as it can travel, with the traceback of this process as a note."""
    error.add_note("In the worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # whatever a foreign exception's own constructor raises
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """A worker must not outlive the process that it works for, even if that was killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
