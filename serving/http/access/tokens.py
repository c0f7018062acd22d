"""Tokens with the names they stand for, and the cookies of those who have logged in."""

import hashlib
import hmac
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from serving.settings import ServingParams
from shared_features.errors import ParamsError

TOKENS_VARIABLE = "STRAPS_TOKENS"
COOKIE = "straps_session"
SESSION_S = 30 * 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_MIN_TOKEN_LENGTH = 16
_FORM = "expected `name:token` or `name:token:admin`"


@dataclass(frozen=True)
class Client:
    """Who sent a request.

    Attributes:
        name: Name of the token; empty on a service without tokens.
        admin: Whether the client sees everyone's videos.
    """

    name: str
    admin: bool


# Without tokens, whoever reaches the service may use all of it.
EVERYONE = Client("", admin=True)
# With tokens, a client that has not said who it is may see the log-in form and nothing else.
STRANGER = Client("", admin=False)


@dataclass(frozen=True)
class Token:
    """A token, as a hash, and who it stands for."""

    client: Client
    digest: bytes


class Tokens:
    """The tokens of a service.

    Args:
        tokens: All tokens; none for a service that anyone who reaches it may use.
    """

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._tokens = tuple(tokens)

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def client(self, secret: str) -> Client | None:
        """The owner of a token; None if there is no such token.

        Every token is compared, and in constant time, so the time taken tells nothing.
        """
        digest, found = _digest(secret), None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token.client
        return found

    def cookie(self, client: Client, now_s: float | None = None) -> str:
        """The value of a session cookie. It expires, and becomes invalid with its token."""
        token = next(token for token in self._tokens if token.client == client)
        expires_s = int(time.time() if now_s is None else now_s) + SESSION_S
        content = f"{client.name}|{expires_s}"
        return f"{content}|{_signature(token, content)}"

    def client_of_cookie(self, cookie: str) -> Client | None:
        """The client a session cookie was made for; None if it is invalid or has expired."""
        content, _, signature = cookie.rpartition("|")
        name, _, expires_s = content.partition("|")
        found = None
        for token in self._tokens:
            expected = _signature(token, content).encode()
            valid = hmac.compare_digest(expected, signature.encode("utf-8", "replace"))
            if valid and token.client.name == name:
                found = token.client
        if found is None or not expires_s.isdecimal() or int(expires_s) < time.time():
            return None
        return found


def load_tokens(serving: ServingParams) -> Tokens:
    """Tokens from ``serving.tokens_file`` and the environment.

    Raises:
        ParamsError: The file cannot be read, or an entry is not valid. The message has no token.
    """
    entries = []
    if serving.tokens_file is not None:
        entries += _entries(_read(serving.tokens_file), str(serving.tokens_file))
    entries += _entries(os.environ.get(TOKENS_VARIABLE, ""), TOKENS_VARIABLE)
    names = [entry.client.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParamsError(f"More than one token has the name {', '.join(twice)}. Rename one.")
    return Tokens(entries)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(
            f"The tokens file {path} cannot be read ({type(error).__name__}). Correct "
            "`serving.tokens_file` in params.yaml, or the file's permissions."
        ) from error


def _entries(text: str, where: str) -> list[Token]:
    lines = [line.strip() for line in re.split(r"[\n;]", text)]
    return [
        _entry(line, f"{where}, entry {number}")
        for number, line in enumerate(lines, start=1)
        if line and not line.startswith("#")
    ]


def _entry(line: str, where: str) -> Token:
    name, *rest = line.split(":")
    if not _NAME.fullmatch(name):
        raise ParamsError(f"{where}: the name is not valid; {_FORM}, the name without spaces.")
    if len(rest) not in (1, 2) or (len(rest) == 2 and rest[1] != "admin"):
        raise ParamsError(f"{where} ({name}): {_FORM}.")
    if len(rest[0]) < _MIN_TOKEN_LENGTH:
        raise ParamsError(
            f"{where} ({name}): the token has {len(rest[0])} characters; at least "
            f"{_MIN_TOKEN_LENGTH} are needed. `openssl rand -hex 24` makes one."
        )
    return Token(Client(name, admin=len(rest) == 2), _digest(rest[0]))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _signature(token: Token, content: str) -> str:
    return hmac.new(token.digest, content.encode("utf-8", "replace"), "sha256").hexdigest()
