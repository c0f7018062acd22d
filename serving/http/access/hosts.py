"""The host names under which the service may be addressed.

A website can point its own name at 127.0.0.1 (DNS rebinding). Its pages then count as the service's
own, and could read and delete everything. Such requests carry the website's name in ``Host``.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

_LOCAL = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens on an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def host_of(header: str) -> str:
    """The lower-case host of a ``Host`` header, without its port.

    >>> host_of("Straps.example:8000"), host_of("[::1]:8000"), host_of("[::1]")
    ('straps.example', '::1', '::1')
    """
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


class AllowedHosts:
    """Decides which ``Host`` headers are answered.

    Args:
        listens_on: Address the service listens on. If other machines can reach it, any IP address
            is allowed as a host: an address cannot be pointed elsewhere, only a name can.
        names: Further names, for example of a proxy.
    """

    def __init__(self, listens_on: str, names: tuple[str, ...]) -> None:
        self._names = {*_LOCAL, listens_on.strip("[]").lower(), *(host_of(name) for name in names)}
        self._any_address = not is_loopback(listens_on)

    def allow(self, header: str | None) -> bool:
        """Whether a request with this ``Host`` header may be answered."""
        host = host_of(header or "")
        return host in self._names or (self._any_address and _address(host) is not None)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
