"""The HTTP protocol of uvicorn, extended to give up connections that only take up room.

A connection costs a file descriptor from its first packet on, whether or not a request follows.
With none left, the service can neither answer nor open files.

As in ``serving.live.transport``, this relies on names that uvicorn does not document.
"""

import asyncio
from collections import Counter
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from serving.http.access.client import Proxies
from serving.http.access.limits import network_of
from serving.settings import ServingParams

# A paused player stops reading for a while, and asks for the rest again if it is cut off.
_UNREAD_TIMEOUT_S = 120.0
# One read is parsed at once, so it must not hold thousands of the tiny chunks that bodies may have.
_READ_BYTES = 32 * 1024
_HEADER_BYTES = 2 * 1024
# Line ends in one read of a chunked body: two per chunk, so chunks have 128 bytes on average.
_MAX_LINES = 512


class ConnectionLimits:
    """The open connections of a service, by address.

    Args:
        serving: Their limits.
    """

    def __init__(self, serving: ServingParams) -> None:
        self.header_timeout_s = serving.header_timeout_s
        self._most = serving.max_connections
        self._most_from_one = serving.max_connections_per_address
        self._proxies = Proxies(serving.trusted_proxies)
        self._open: Counter[str] = Counter()

    def take(self, address: str, peer: str) -> bool:
        """Count a connection; returns whether there is room for it.

        Args:
            address: What it is counted under.
            peer: Address it comes from; a trusted proxy may have any number.
        """
        self._open[address] += 1
        fits = self._open[address] <= self._most_from_one or self._proxies.trust(peer)
        return fits and self._open.total() <= self._most

    def give_back(self, address: str) -> None:
        """Count a connection no more."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class LimitedProtocol(H11Protocol):
    """Closes connections beyond the limits, and those whose request does not arrive.

    Attributes:
        limits: Limits of the service and its open connections, shared by all of them.
    """

    limits: ConnectionLimits

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._address: str | None = None
        self._awaiting: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._upgraded = False

    def connection_made(  # type: ignore[override]  # TCP only
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection, if there is room for it."""
        super().connection_made(transport)
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]  # not in the type hints
        peer = self.client[0] if self.client else ""
        self._address = network_of(peer)
        if not self.limits.take(self._address, peer):
            transport.abort()
            return
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_timers()
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, unless it is a body in tiny chunks: each takes 15 µs to parse."""
        while data:
            # What a header says of the body is only known when it has been parsed.
            size = _HEADER_BYTES if self._is_between_requests() else len(data)
            piece, data = data[:size], data[size:]
            if self._is_chunked() and piece.count(b"\r\n") > _MAX_LINES:
                self.transport.abort()
                return
            super().data_received(piece)
            if self._upgraded:
                return  # it is the websocket protocol's connection now
            if self.transport.is_closing():
                self._end_cycle()
                return
        if self._is_between_requests():
            self._await_request()
        else:
            self._stop_awaiting()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._stop_awaiting()  # uvicorn's own timer for idle connections runs now

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand the connection over to the websocket protocol."""
        self._upgraded = True
        self._stop_timers()
        self._forget()  # live sessions have limits of their own
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Start to wait for a client that does not read."""
        super().pause_writing()
        self._unread = self.loop.call_later(_UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue with a client that reads again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _end_cycle(self) -> None:
        """Tell the application that no one waits for its answer: uvicorn has refused the rest."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _is_chunked(self) -> bool:
        return any(name == b"transfer-encoding" for name, _ in self.headers or ())

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_request(self) -> None:
        # Not restarted by further bytes: a header a minute is no request.
        if self._awaiting is None and not self.transport.is_closing():
            self._awaiting = self.loop.call_later(self.limits.header_timeout_s, self._give_up)

    def _give_up(self) -> None:
        self._awaiting = None
        if self._is_between_requests():
            self.transport.abort()

    def _stop_awaiting(self) -> None:
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None

    def _stop_timers(self) -> None:
        self._stop_awaiting()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _forget(self) -> None:
        if self._address is not None:
            self.limits.give_back(self._address)
            self._address = None


def limited_protocol(serving: ServingParams) -> type[LimitedProtocol]:
    """The protocol class with the configured limits, for uvicorn."""
    return type("Protocol", (LimitedProtocol,), {"limits": ConnectionLimits(serving)})
