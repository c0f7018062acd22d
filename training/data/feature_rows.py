"""The rows of a feature table: frames with a person, and their mirror images."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_features.features import spatial
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack

if TYPE_CHECKING:
    import pyarrow

FRAME_COLUMNS = ("frame_number", "pts_s", "filename", "augmented")
"""Names of the columns before the features."""


def _line(fields: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()


def write_header(file: io.BufferedWriter, spec: FeatureSpec) -> None:
    """Write the first line of a feature table."""
    file.write(_line([*FRAME_COLUMNS, *spec.columns]))


def write_rows(
    file: io.BufferedWriter,
    filename: str,
    first: int,
    piece: LandmarkTrack,
    spec: FeatureSpec,
    mirror: bool,
) -> None:
    """Write a row for each frame with a person, and one for its mirror image if ``mirror``.

    Args:
        file: Open file of the table.
        filename: File name of the recording, prefixed with its kind.
        first: Number of the piece's first frame.
        piece: Consecutive frames of the recording.
        spec: Features to compute.
        mirror: Whether to add each frame's mirror image.
    """
    import pyarrow
    from pyarrow import csv as arrow_csv

    chosen = np.flatnonzero(piece.person)
    features = [spec.of_track(piece)[chosen]]
    if mirror:
        features.append(spec.of_track(piece.mirrored())[chosen])
    times = len(features)
    # Each frame is followed by its mirror image.
    interleaved = np.stack(features, axis=1).reshape(-1, len(spec.columns))
    facts = [
        pyarrow.array(np.repeat(first + chosen, times)),
        pyarrow.array(np.repeat(piece.pts_s[chosen], times)),
        pyarrow.array([filename] * len(interleaved), pyarrow.string()),
        pyarrow.array(np.tile(np.arange(times, dtype=np.uint8), len(chosen))),
    ]
    table = pyarrow.table(
        [*facts, *_columns(interleaved, spec)], names=[*FRAME_COLUMNS, *spec.columns]
    )
    # Arrow quotes either every text or none; few file names need quotes.
    needs_quotes = _line([filename]).startswith(b'"')
    options = arrow_csv.WriteOptions(
        include_header=False, quoting_style="needed" if needs_quotes else "none"
    )
    arrow_csv.write_csv(table, file, options)


def _columns(features: NDArray[np.float32], spec: FeatureSpec) -> "Iterator[pyarrow.Array]":
    """Numbers with enough digits to read back the same float32; spatial relations as words."""
    import pyarrow

    words = pyarrow.array([*spatial.WORDS.values(), ""])
    codes = np.array(list(spatial.WORDS))
    for index, column in enumerate(spec.columns):
        values = np.ascontiguousarray(features[:, index])
        if column in spatial.COLUMNS:
            unknown = np.isnan(values)
            word_indices = np.where(unknown, len(codes), np.searchsorted(codes, values))
            yield words.take(pyarrow.array(word_indices))
        else:
            yield pyarrow.array(values)
