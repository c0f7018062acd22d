"""Numbers as spreadsheets write them: decimal commas, whole numbers as ``21.0``, times of day."""

import re
from collections.abc import Iterable
from typing import Literal

DecimalSign = Literal[".", ","]

# pandas writes whole numbers as 21.0 if some cells are empty. "1.000" may be a thousand.
_WHOLE = re.compile(r"(\d{1,9})(?:[.,]0{1,2})?", re.ASCII)
_NUMBER = re.compile(r"(?:\d{1,12}([.,]\d{0,20})?|[.,]\d{1,20})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:[.,]\d{1,6})?)", re.ASCII)


def whole_number(text: str) -> int:
    """A count from 0, such as a frame number.

    Raises:
        ValueError: The text is not a whole number.

    >>> whole_number("21.0")
    21
    """
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a whole number from 0")
    return int(match[1])


def decimal_sign(cells: Iterable[str], separator: str) -> DecimalSign:
    """The decimal sign in the columns of numbers of a table.

    Args:
        cells: Texts of all its numbers.
        separator: Character between its columns.

    Raises:
        ValueError: Both signs occur, or the sign may separate thousands: ``1.500`` next to
            ``900``.

    >>> decimal_sign(["0,5", "12,25"], ";")
    ','
    """
    numbers = [cell for cell in cells if cell and ":" not in cell]
    signed = [cell for cell in numbers if "." in cell or "," in cell]
    signs = {sign for cell in signed for sign in cell if sign in ".,"}
    if len(signs) > 1:
        raise ValueError(
            f"both . and , occur in numbers ({_first(signed, '.')} and {_first(signed, ',')})"
        )
    sign: DecimalSign = "," if "," in signs else "."
    may_be_thousands = signed and all(map(_THOUSANDS.fullmatch, signed))
    if may_be_thousands and (len(signed) < len(numbers) or sign == separator):
        raise ValueError(
            f"{signed[0]} may be a thousand or a decimal number; write it without a separator of "
            "thousands and with the same number of decimals everywhere"
        )
    return sign


def seconds(text: str, sign: DecimalSign = ".") -> float:
    """A time in seconds, from a number or from ``h:mm:ss``.

    Raises:
        ValueError: The text is neither.

    >>> seconds("1:02.5")
    62.5
    """
    if match := _CLOCK.fullmatch(text):
        hours, minutes, rest = match.groups()
        of_minute = float(rest.replace(",", "."))
        if of_minute >= 60 or (hours and int(minutes) >= 60):
            raise ValueError(f"{text!r} is not a time: expected hours:minutes:seconds")
        return int(hours or 0) * 3600 + int(minutes) * 60 + of_minute
    match = _NUMBER.fullmatch(text)
    if match is None or (match[1] and match[1][0] != sign and text.count(match[1][0])):
        raise ValueError(
            f"{text!r} is not a time: expected seconds, such as 12{sign}5, or hours:minutes:seconds"
        )
    return float(text.replace(",", "."))


def _first(cells: Iterable[str], sign: str) -> str:
    return next(cell for cell in cells if sign in cell)
