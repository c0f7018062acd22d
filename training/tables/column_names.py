"""Recognises columns by the names that other tools give them."""

import re
from collections.abc import Mapping, Sequence

_BEFORE_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^0-9a-z]+")


def plain_name(name: str) -> str:
    """A column's name in lower case, with ``_`` between its words.

    >>> plain_name("Start (s)"), plain_name("endFrame")
    ('start_s', 'end_frame')
    """
    return _NOT_WORD.sub("_", _BEFORE_CAPITAL.sub("_", name.strip()).lower()).strip("_")


def columns_by_plain_name(header: Sequence[str]) -> Mapping[str, str]:
    """The columns of a table by their plain names; of two alike, the first."""
    found: dict[str, str] = {}
    for name in header:
        found.setdefault(plain_name(name), name)
    return found
