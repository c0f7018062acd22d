"""The text of a file that a spreadsheet, an editor or another tool wrote."""

import codecs
from pathlib import Path
from typing import NamedTuple

from training.errors import TableError

# The first bytes of files that are often renamed or mistaken for a text table.
_NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls)",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WESTERN = "cp1252"
_SAVE_AS = "Save it as `CSV UTF-8` and give that file."


class DecodedText(NamedTuple):
    """The text of a file.

    Attributes:
        text: All of it, without a byte order mark.
        remark: A sentence if the encoding had to be guessed; else empty.
    """

    text: str
    remark: str


def decoded(path: Path) -> DecodedText:
    """Read a text file in UTF-8, UTF-16 with a byte order mark, or else Windows-1252.

    Windows-1252 includes the letters of Latin-1. It cannot be recognised for certain, so the
    remark says that it was assumed.

    Raises:
        TableError: The file cannot be opened, or is not text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be opened ({error.strerror}).") from error
    for signature, kind in _NOT_TEXT.items():
        if content.startswith(signature):
            raise TableError(f"{path} is {kind}, expected text. {_SAVE_AS}")
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return DecodedText(_strictly(path, content, encoding), "")
    if b"\0" in content:
        raise TableError(
            f"{path} contains zero bytes: it is not text, or is UTF-16 without a byte order mark. "
            f"{_SAVE_AS}"
        )
    try:
        return DecodedText(content.decode("utf-8"), "")
    except UnicodeDecodeError:
        text = _strictly(path, content, _WESTERN)
    return DecodedText(
        text,
        f"{path.name} is not UTF-8 and was read as Windows-1252 (Western European). If names look "
        "wrong, save it as UTF-8.",
    )


def _strictly(path: Path, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TableError(
            f"{path}, line {line}: this is neither UTF-8 nor UTF-16 nor Windows-1252. {_SAVE_AS}"
        ) from error
    if "\0" in text:
        raise TableError(f"{path} contains zero characters, expected text. {_SAVE_AS}")
    return text
