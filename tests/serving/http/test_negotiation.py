"""``Accept`` headers as clients send them."""

import pytest

from serving.errors import NotAcceptableError
from serving.http.files.negotiation import chosen_format


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV", "csv"),
        ("text/csv,", "csv"),
        ("text/csv;charset=utf-8", "csv"),
        ("application/json; charset=utf-8", "json"),
        ("text/vtt, text/csv;q=0.9", "vtt"),
        ("text/*", "csv"),
        ("text/*;q=0.5, text/vtt", "vtt"),
        ("text/*, text/csv;q=0.1", "vtt"),
        ("*/*, application/json;q=0", "csv"),
        ("text/*;q=0.3, */*;q=0.2, text/plain;q=1", "csv"),
        ("text/csv, */*", "json"),
        ("text/csv;q=2", "csv"),
    ],
)
def test_the_most_specific_range_decides_and_the_highest_weight_wins(
    accept: str | None, expected: str
) -> None:
    """Equal weights leave the choice to the service."""
    assert chosen_format(accept) == expected


@pytest.mark.parametrize(
    "accept", ["image/png", "text/csv;q=0", "text/csv;q=high", "nonsense", ",", "*/*;q=0"]
)
def test_a_client_that_accepts_nothing_on_offer_is_told_what_there_is(accept: str) -> None:
    """Malformed weights accept nothing."""
    with pytest.raises(NotAcceptableError, match=r"comes as application/json, text/csv.*\?format="):
        chosen_format(accept)
