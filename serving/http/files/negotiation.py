"""The format a client prefers, from its ``Accept`` header (RFC 9110, section 12.5.1).

No library passed the table in this module's tests: python-mimeparse 2.0 distinguishes upper and
lower case and fails on an empty list element; WebOb 1.8 and Werkzeug 3.1 refuse
``text/csv;charset=utf-8``, which clients do send.
"""

from serving.errors import NotAcceptableError
from serving.exports.files import MEDIA_TYPES, ExportFormat

# Our own preference decides between formats that a client weighs equally.
_OFFERED: tuple[ExportFormat, ...] = ("json", "csv", "vtt", "srt", "eaf")


def chosen_format(accept: str | None) -> ExportFormat:
    """The offered format that an ``Accept`` header weighs highest; JSON without a header.

    >>> chosen_format("text/*;q=0.5, text/vtt"), chosen_format("*/*")
    ('vtt', 'json')

    Raises:
        NotAcceptableError: The header accepts none of them.
    """
    if accept is None or not accept.strip():
        return "json"
    weights = {offered: _weight(MEDIA_TYPES[offered], accept) for offered in _OFFERED}
    best = max(_OFFERED, key=lambda offered: weights[offered])
    if weights[best] <= 0:
        offers = ", ".join(MEDIA_TYPES[offered] for offered in _OFFERED)
        raise NotAcceptableError(
            f"The client accepts {accept[:200]!r}, but the timeline comes as {offers}. Ask for one "
            f"of these in `Accept`, or use `?format=` with one of {', '.join(MEDIA_TYPES)}."
        )
    return best


def _weight(media_type: str, accept: str) -> float:
    """Weight of the most specific range that covers a type; 0 if none does."""
    best_precision, weight = -1, 0.0
    for entry in accept.split(","):
        accepted, *parameters = (part.strip().lower() for part in entry.split(";"))
        covering = ("*/*", media_type.split("/")[0] + "/*", media_type)
        precision = covering.index(accepted) if accepted in covering else -1
        if precision > best_precision:
            best_precision, weight = precision, _quality(parameters)
    return weight


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
