"""Host names, origins, tokens and limits, without a server."""

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from serving.errors import LimitError
from serving.http.access.hosts import AllowedHosts, is_loopback
from serving.http.access.limits import Concurrency, RequestRate, network_of
from serving.http.access.origins import is_foreign
from serving.http.access.tokens import SESSION_S, TOKENS_VARIABLE, Client, Tokens, load_tokens
from serving.settings import ServingParams, load_settings
from shared_features.errors import ParamsError
from shared_features.params import PROJECT_ROOT

ANNA, BEN = "a" * 24, "b" * 24


@pytest.fixture
def serving() -> ServingParams:
    return load_settings(PROJECT_ROOT / "params.yaml").serving


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch, serving: ServingParams) -> Tokens:
    monkeypatch.setenv(TOKENS_VARIABLE, f"anna:{ANNA}; ben:{BEN}:admin")
    return load_tokens(serving)


@pytest.mark.parametrize(
    ("listens_on", "header", "allowed"),
    [
        ("127.0.0.1", "localhost:8000", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("::1", "[::1]", True),
        ("127.0.0.1", "straps.example", True),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "192.0.2.7", False),
        ("127.0.0.1", "localhost@evil.example", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", None, False),
        ("192.0.2.7", "192.0.2.7:8000", True),
        ("0.0.0.0", "192.0.2.7:8000", True),  # noqa: S104
        ("::", "[2001:db8::1]", True),
        ("0.0.0.0", "evil.example", False),  # noqa: S104
    ],
)
def test_a_host_name_is_allowed_or_not(listens_on: str, header: str | None, allowed: bool) -> None:
    """Local names, the service's address, and names from the settings."""
    assert AllowedHosts(listens_on, ("straps.example",)).allow(header) is allowed


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("pi", False)],  # noqa: S104
)
def test_an_address_is_loopback_or_not(host: str, loopback: bool) -> None:
    """A name that is not localhost may be any address."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"host": "a:8000"}, False),
        ({"host": "a:8000", "origin": "http://a:8000"}, False),
        ({"host": "A:8000", "origin": "http://a:8000"}, False),
        ({"host": "a", "origin": "https://a"}, False),
        ({"host": "a:443", "origin": "https://a"}, False),
        ({"host": "a:8000", "origin": "http://a:8001"}, True),
        ({"host": "a:8000", "origin": "http://b:8000"}, True),
        ({"host": "a:8000", "origin": "null"}, True),
        ({"host": "a:8000", "origin": ""}, True),
        ({"host": "a:8000", "origin": "file://a:8000"}, True),
        ({"host": "a:8000", "origin": "http://a:x"}, True),
        ({"host": "a:8000", "origin": "http://a:8000", "sec-fetch-site": "same-site"}, True),
        ({"host": "a:8000", "sec-fetch-site": "cross-site"}, True),
        ({"host": "a:8000", "sec-fetch-site": "same-origin"}, False),
    ],
)
def test_a_request_is_from_another_page_or_not(headers: dict[str, str], foreign: bool) -> None:
    """Programs send no origin; `null` is never the service's own page."""
    assert is_foreign(Headers(headers)) is foreign


def test_a_token_stands_for_a_name(tokens: Tokens) -> None:
    """Anna is a client like any other, Ben an admin."""
    assert tokens.client(ANNA) == Client("anna", admin=False)
    assert tokens.client(BEN) == Client("ben", admin=True)
    for other in ("", ANNA[1:], ANNA + "a", "ä", "\ud800"):
        assert tokens.client(other) is None


def test_a_cookie_is_valid_until_it_expires(tokens: Tokens) -> None:
    """And only as it was signed, by the token of its own name."""
    anna, ben = Client("anna", admin=False), Client("ben", admin=True)
    cookie = tokens.cookie(anna)
    assert tokens.client_of_cookie(cookie) == anna
    assert tokens.client_of_cookie(tokens.cookie(anna, now_s=1.0 - SESSION_S)) is None
    assert ANNA not in cookie
    forged = [
        cookie.replace("anna", "ben"),
        tokens.cookie(ben).rpartition("|")[0] + "|" + cookie.rpartition("|")[2],
        cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
        "",
        "||",
        "anna|9999999999|ä",
    ]
    for wrong in forged:
        assert tokens.client_of_cookie(wrong) is None, wrong


def test_a_cookie_ends_with_its_token(tokens: Tokens, serving: ServingParams) -> None:
    """A token that was replaced takes its sessions with it."""
    cookie = tokens.cookie(Client("anna", admin=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKENS_VARIABLE, f"anna:{'c' * 24}")
        assert load_tokens(serving).client_of_cookie(cookie) is None


def test_tokens_come_from_a_file_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serving: ServingParams
) -> None:
    """With comments and empty lines; without either there are none."""
    monkeypatch.delenv(TOKENS_VARIABLE, raising=False)
    assert not load_tokens(serving)
    path = tmp_path / "tokens"
    path.write_text(f"# who may come in\n\nanna:{ANNA}\n")
    monkeypatch.setenv(TOKENS_VARIABLE, f"ben:{BEN}:admin")
    both = load_tokens(serving.model_copy(update={"tokens_file": path}))
    assert (both.client(ANNA), both.client(BEN)) == (Client("anna", False), Client("ben", True))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("anna", "name:token"),
        (f"an na:{ANNA}", "name is not valid"),
        (f"anna:{ANNA}:boss", "name:token"),
        (f"anna:{ANNA[:8]}", "8 characters"),
        (f"anna:{ANNA};anna:{BEN}", "More than one"),
    ],
)
def test_a_bad_entry_is_explained_without_its_token(
    monkeypatch: pytest.MonkeyPatch, serving: ServingParams, entries: str, message: str
) -> None:
    """Messages end up in logs."""
    monkeypatch.setenv(TOKENS_VARIABLE, entries)
    with pytest.raises(ParamsError, match=message) as caught:
        load_tokens(serving)
    assert ANNA[:8] not in str(caught.value)


def test_a_missing_tokens_file_is_named(tmp_path: Path, serving: ServingParams) -> None:
    """A service that should ask for tokens does not start without them."""
    with pytest.raises(ParamsError, match="nowhere"):
        load_tokens(serving.model_copy(update={"tokens_file": tmp_path / "nowhere"}))


def test_a_client_that_asks_too_often_waits() -> None:
    """After a burst, requests are allowed at the rate; other clients do not notice."""
    now_s = [0.0]
    rate = RequestRate(2.0, lambda: now_s[0])
    assert [rate.wait_s("a") for _ in range(11)] == [0.0] * 10 + [0.5]
    assert rate.wait_s("b") == 0
    now_s[0] = 0.5
    assert rate.wait_s("a") == 0
    assert rate.wait_s("a") == 0.5


def test_a_client_has_so_much_under_way() -> None:
    """Another may have as much; when one is done there is room again."""
    photos = Concurrency("photos", 2, "serving.max_photos_per_client")
    with photos.one("a"), photos.one("b"):
        with photos.one("a"), pytest.raises(LimitError, match="2 photos"), photos.one("a"):
            pass
        with photos.one("a"):
            pass


@pytest.mark.parametrize(
    ("address", "network"),
    [("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("x", "x")],
)
def test_an_ipv6_network_is_one_client(address: str, network: str) -> None:
    """Its owner can use any of its addresses."""
    assert network_of(address) == network
