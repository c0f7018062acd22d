"""Progress bars after their end, and after an error."""

import contextlib

import pytest

from training.runtime.progress_bar import progress_bar


def test_a_bar_of_unknown_length_ends_full(capsys: pytest.CaptureFixture[str]) -> None:
    """The total is known at the end; nothing is written to standard output."""
    with progress_bar("Counting", None) as advance:
        advance(3)
    shown = capsys.readouterr()
    assert "3/3" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("done", [0, 2], ids=["nothing done", "something done"])
def test_a_bar_stays_after_an_error_only_if_something_was_done(
    done: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty bar above an error message would only distract."""
    with contextlib.suppress(RuntimeError), progress_bar("Counting", 5) as advance:
        advance(done)
        raise RuntimeError
    assert ("2/5" in capsys.readouterr().err) == bool(done)
