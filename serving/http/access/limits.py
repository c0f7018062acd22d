"""Limits per client: how many requests a second, and how many of a kind at once."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Literal

from serving.errors import LimitError

Kind = Literal["uploads", "photos or bodies of landmarks", "live sessions"]

# A page loads some fifty files at once, so a burst may use up several seconds' worth.
_BURST_S = 5.0
_MAX_CLIENTS_KEPT = 10_000
_RETRY_AFTER_S = 5


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 network of an IPv6 address.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1:2:3:4")
    ('192.0.2.7', '2001:db8::/64')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return address


class RequestRate:
    """A token bucket per client. Used by the event loop only, so it needs no lock.

    Args:
        per_s: Requests a second that a client may make for as long as it likes.
        clock: Source of the time in seconds.
    """

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = max(1.0, per_s * _BURST_S)
        self._clock = clock
        # Requests that a client has left, and when that was; the longest absent client first.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Count a request; returns 0 if it is allowed, else when to retry."""
        now_s = self._clock()
        left, at_s = self._left.pop(client, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at_s) * self._per_s)
        allowed = left >= 1
        self._left[client] = (left - allowed, now_s)
        if len(self._left) > _MAX_CLIENTS_KEPT:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_s


class Concurrency:
    """Counts what each client has under way. Used by the event loop only.

    Args:
        kind: What is counted.
        limit: How many of it one client may have at a time.
        setting: Name of the setting, for the message.
    """

    def __init__(self, kind: Kind, limit: int, setting: str) -> None:
        self._kind = kind
        self._limit = limit
        self._setting = setting
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, client: str) -> Iterator[None]:
        """Count one more until the end of the block.

        Raises:
            LimitError: The client is at its limit.
        """
        if self._under_way[client] >= self._limit:
            raise LimitError(
                f"You have {self._limit} {self._kind} under way, the limit for one client "
                f"(`{self._setting}` in params.yaml). Try again when one of them is done.",
                _RETRY_AFTER_S,
            )
        self._under_way[client] += 1
        try:
            yield
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
