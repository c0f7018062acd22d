"""``final_features.parquet``: the numbers of ``final_features.csv`` as they are in memory.

It is written next to the table when that is first read, and read instead of it for as long as the
table is the same file. It can be removed at any time.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_features.runtime.atomic import atomic_write

if TYPE_CHECKING:
    import pyarrow

_SOURCE_KEY = b"straps_source"
# Below this, reading the table itself takes less than a second.
_WORTH_STORING_BYTES = 1 << 24
_ROWS_AT_ONCE = 16_384


def stored_file(path: Path) -> Path:
    """Path of the Parquet file of a table."""
    return path.with_suffix(".parquet")


def store(
    path: Path, columns: tuple[str, ...], features: NDArray[np.float32], facts: "pyarrow.Table"
) -> None:
    """Write the Parquet file of a table, unless the table is small or its folder is read-only.

    Args:
        path: Path of the table that was read.
        columns: Names of the features.
        features: ``(n, columns)``.
        facts: The other columns.
    """
    import pyarrow
    from pyarrow import parquet

    if path.stat().st_size < _WORTH_STORING_BYTES:
        return
    names = [*facts.column_names, *columns]
    facts = facts.unify_dictionaries()
    fields = [*facts.schema, *(pyarrow.field(name, pyarrow.float32()) for name in columns)]
    schema = pyarrow.schema(fields, {_SOURCE_KEY: _source(path)})
    try:
        with (
            atomic_write(stored_file(path)) as temporary,
            parquet.ParquetWriter(temporary, schema, compression="zstd") as writer,
        ):
            for start in range(0, len(features), _ROWS_AT_ONCE):
                rows = slice(start, start + _ROWS_AT_ONCE)
                part = facts.slice(start, _ROWS_AT_ONCE)
                arrays = [column.combine_chunks() for column in part.columns]
                arrays += [pyarrow.array(features[rows, index]) for index in range(len(columns))]
                writer.write_table(pyarrow.table(arrays, names=names).cast(schema))
    except OSError:
        return  # it would only have saved time


def read_stored(
    path: Path, columns: tuple[str, ...]
) -> "tuple[NDArray[np.float32], pyarrow.Table] | None":
    """The features and the other columns of a table; None if they are not stored."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(stored_file(path)) as file:
            metadata = file.schema_arrow.metadata or {}
            if metadata.get(_SOURCE_KEY) != _source(path):
                return None
            facts = [name for name in file.schema_arrow.names if name not in columns]
            if tuple(file.schema_arrow.names[len(facts) :]) != columns:
                return None
            features = np.empty((file.metadata.num_rows, len(columns)), dtype=np.float32)
            parts, start = [], 0
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                end = start + len(batch)
                for index, name in enumerate(columns):
                    features[start:end, index] = batch[name].to_numpy()
                parts.append(batch.select(facts))
                start = end
            return features, pyarrow.Table.from_batches(parts).unify_dictionaries()
    except (OSError, pyarrow.ArrowInvalid, KeyError):
        return None


def _source(path: Path) -> bytes:
    """What tells the table from a later one."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}".encode()
