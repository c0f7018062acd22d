"""Whatever is in a file, reading it gives labels or a message, never a traceback."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_features.errors import StrapsError
from tests.training.data.tables import KNOWN
from tests.training.labels.test_real_world_tables import READ, data, write  # noqa: F401
from training.data.split_table import read_split_table
from training.labels.imports.formats import read_source
from training.labels.imports.label_csv import TableReading
from training.labels.known_recordings import KnownRecordings
from training.labels.label_tables import read_labels
from training.params import DataParams
from training.recordings.groups import read_groups

ENDINGS = (".csv", ".tsv", ".json", ".boris", ".xml", ".eaf")
# Characters that mean something to one of the formats, and a few that mean nothing to any.
TEXT = st.text(st.sampled_from(list(',;\t|"\n\r\\ :.-0159abeEé{}[]<>/=&\0\x1c\u2028')), max_size=60)
SMALL = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of another tool, with a few bytes replaced, moved or cut off."""
    name, content, _ = READ[draw(st.sampled_from(sorted(READ)))]
    content = content if isinstance(content, bytes) else content.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from((0, 1, 1, 3, 20, 10**6))))
        patch = draw(TEXT).encode() if draw(st.booleans()) else draw(st.binary(max_size=4))
        content = content[:start] + patch + content[end:]
    return name, content


@pytest.fixture(scope="module")
def known(data: DataParams) -> KnownRecordings:  # noqa: F811
    """The recordings that the files name."""
    return KnownRecordings((), data)


@SMALL
@given(damaged())
def test_a_damaged_file_of_another_tool(
    known: KnownRecordings, tmp_path: Path, file: tuple[str, bytes]
) -> None:
    """It is read, or refused with its name."""
    path = write(tmp_path / file[0], file[1])
    read_or_refuse(lambda: read_source(path, (), known, KNOWN, TableReading()), path)


@SMALL
@given(st.sampled_from(ENDINGS), TEXT)
def test_any_text(known: KnownRecordings, tmp_path: Path, ending: str, text: str) -> None:
    """It is read, or refused with its name."""
    path = write(tmp_path / f"any{ending}", text)
    read_or_refuse(lambda: read_source(path, (), known, KNOWN, TableReading()), path)


@SMALL
@given(
    st.sampled_from((read_labels, read_groups, read_split_table)),
    st.sampled_from(
        ("frame_number,filename,label\n", "filename;group\n", "recording,group,split\n")
    ),
    st.one_of(TEXT, st.binary(max_size=30)),
)
def test_tables_of_the_project(
    tmp_path: Path, read: Callable[[Path], object], header: str, rest: str | bytes
) -> None:
    """Tables that people edit in a spreadsheet."""
    rest = rest.encode() if isinstance(rest, str) else rest
    path = write(tmp_path / "table.csv", header.encode() + rest)
    read_or_refuse(lambda: read(path), path)


def read_or_refuse(read: Callable[[], object], path: Path) -> None:
    """Only the errors that the command line prints as a message are allowed."""
    with contextlib.suppress(StrapsError), naming(path):
        read()


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """A message names the file."""
    try:
        yield
    except StrapsError as error:
        if path.name not in str(error):
            raise AssertionError(f"the message does not name {path.name}: {error}") from error
        raise
