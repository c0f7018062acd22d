"""Finding out who sent a request: from a token, a session cookie, or a trusted proxy."""

from ipaddress import ip_address, ip_network
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from serving.http.access.limits import network_of
from serving.http.access.tokens import COOKIE, EVERYONE, STRANGER, Client, Tokens
from serving.settings import ServingParams

_STATE = "straps_client"
_PEER = "straps_peer"
_BEARER = "bearer "
_MAX_NAME_LENGTH = 200


class Proxies:
    """The proxies that may say who a request comes from.

    Args:
        addresses: IP addresses and networks.
    """

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._networks = [ip_network(address, strict=False) for address in addresses]

    def trust(self, address: str) -> bool:
        """Whether an address is that of a trusted proxy."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


class Doorkeeper:
    """Recognises clients.

    Args:
        serving: Which proxies are trusted, and in which header they name the user.
        tokens: Tokens of the service.
    """

    def __init__(self, serving: ServingParams, tokens: Tokens) -> None:
        self.tokens = tokens
        self._header = serving.proxy_user_header
        self._admins = serving.proxy_admins
        self._proxies = Proxies(serving.trusted_proxies)

    @property
    def asks(self) -> bool:
        """Whether clients have to say who they are."""
        return bool(self.tokens) or self._header is not None

    def client(self, scope: Scope) -> Client | None:
        """Who sent a request; None if that is unknown and has to be known."""
        if not self.asks:
            return EVERYONE
        headers = Headers(scope=scope)
        authorization = headers.get("authorization", "")
        if authorization.lower().startswith(_BEARER):
            return self.tokens.client(authorization[len(_BEARER) :].strip())
        named = self._named_by_proxy(scope, headers)
        if named is not None:
            return named
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        return None if cookie is None else self.tokens.client_of_cookie(cookie)

    def _named_by_proxy(self, scope: Scope, headers: Headers) -> Client | None:
        if self._header is None or not self._proxies.trust(peer_of(scope)):
            return None
        names = headers.getlist(self._header)
        if len(names) != 1 or not 0 < len(names[0]) <= _MAX_NAME_LENGTH:
            return None
        return Client(names[0], admin=names[0] in self._admins)


def remember_peer(scope: Scope) -> None:
    """Note the address that a connection comes from, before proxies' headers are applied."""
    state = scope.setdefault("state", {})
    state[_PEER] = (scope.get("client") or ("", 0))[0]


def peer_of(scope: Scope) -> str:
    """The address that a connection comes from: the client's, or a proxy's."""
    peer: str = scope.get("state", {}).get(_PEER, "")
    return peer


def remember_client(scope: Scope, client: Client) -> None:
    """Note who sent a request."""
    scope.setdefault("state", {})[_STATE] = client


def client_of(scope: Scope) -> Client:
    """Who sent a request that has been admitted."""
    client: Client = scope.get("state", {}).get(_STATE, STRANGER)
    return client


def limited_as(scope: Scope) -> str:
    """What a request's limits are counted under: a name if there is one, else an address."""
    name = client_of(scope).name
    address = (scope.get("client") or ("", 0))[0]
    return f"name {name}" if name else f"address {network_of(address)}"


def _client(request: Request) -> Client:
    return client_of(request.scope)


ClientDep = Annotated[Client, Depends(_client)]
