"""The labelled table that models learn from: ``final_features.csv``, and its form in memory."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.features import spatial
from shared_features.features.spec import FeatureSpec
from training.data.stored_dataset import read_stored, store
from training.errors import DatasetError
from training.recordings.catalog import count_recordings, listed

if TYPE_CHECKING:
    import pyarrow

DATASET_FILE = "final_features.csv"
FACT_COLUMNS = ("filename", "frame_number", "pts_s", "group", "augmented", "label")
"""Names of the columns before the features."""

_REMEDY = "Run `straps-train make-features` and `straps-train combine-features` again."
# Arrow reads up to 32 blocks ahead.
_BLOCK_BYTES = 1 << 21


@dataclass(frozen=True)
class Dataset:
    """Features and labels of many frames, and the source of each frame.

    Attributes:
        columns: Names of the features.
        labels: Names of the labels; a frame's code is the index of its label.
        features: Features ``(n, columns)`` as float32; spatial relations as codes, NaN if unknown.
        codes: Label code of each row, ``(n,)`` int64.
        groups: Group of each row, ``(n,)`` str. No split may separate the rows of a group: a
            recording, its copies and its near-duplicates.
        filenames: Recording of each row, ``(n,)`` str, prefixed with its kind:
            ``video_routine.mp4``.
        frame_numbers: Frame number of each row, ``(n,)`` int64.
        augmented: Whether a row was computed from another row (mirrored landmarks), ``(n,)`` bool.
            Such rows are trained on and never tested on.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    features: NDArray[np.float32]
    codes: NDArray[np.int64]
    groups: NDArray[np.str_]
    filenames: NDArray[np.str_]
    frame_numbers: NDArray[np.int64]
    augmented: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def n_recordings(self) -> int:
        """Number of recordings, mirrored and augmented copies not counted."""
        return count_recordings(self.filenames.tolist())

    def rows(self, chosen: NDArray[Any]) -> Self:
        """A dataset of some rows: ``chosen`` holds row numbers or is a mask ``(n,)``."""
        return type(self)(
            self.columns,
            self.labels,
            self.features[chosen],
            self.codes[chosen],
            self.groups[chosen],
            self.filenames[chosen],
            self.frame_numbers[chosen],
            self.augmented[chosen],
        )


def read_dataset(path: Path, spec: FeatureSpec, known_labels: Sequence[str]) -> Dataset:
    """Read the table written by `combine-features`, bit for bit as ``spec`` computed it.

    Args:
        path: Path of the table.
        spec: Features that the table must have.
        known_labels: Labels that a row may have. Those that occur become the dataset's labels, in
            this order.

    Raises:
        DatasetError: The table is missing, damaged or empty, was made with other feature settings,
            or has unknown labels.
    """
    import pyarrow

    if not path.is_file():
        raise DatasetError(
            f"{path} does not exist. Create it with `straps-train make-features` and "
            "`straps-train combine-features`."
        )
    _check_settings(path, spec)
    if (stored := read_stored(path, spec.columns)) is not None:
        features, facts = stored
        return _dataset(path, spec, features, facts, known_labels)
    try:
        blocks = list(_blocks(path, spec))
    except (pyarrow.ArrowInvalid, OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read ({error}). {_REMEDY}") from error
    if not any(len(features) for features, _ in blocks):
        raise DatasetError(
            f"{path} has no rows: no recording has both labels and landmarks of a person. Label "
            "recordings, extract their landmarks, and combine again."
        )
    features = np.concatenate([features for features, _ in blocks])
    facts = pyarrow.Table.from_batches([facts for _, facts in blocks])
    blocks.clear()
    store(path, spec.columns, features, facts)
    return _dataset(path, spec, features, facts, known_labels)


def _dataset(
    path: Path,
    spec: FeatureSpec,
    features: NDArray[np.float32],
    facts: "pyarrow.Table",
    known_labels: Sequence[str],
) -> Dataset:
    labels, codes = _label_codes(path, facts, known_labels)
    return Dataset(
        columns=spec.columns,
        labels=labels,
        features=features,
        codes=codes,
        groups=_texts(facts, "group"),
        filenames=_texts(facts, "filename"),
        frame_numbers=facts["frame_number"].to_numpy(),
        augmented=facts["augmented"].to_numpy().astype(bool),
    )


def settings_file(path: Path) -> Path:
    """Path of the JSON file next to a table of features that records its settings."""
    return path.with_suffix(".json")


def _check_settings(path: Path, spec: FeatureSpec) -> None:
    """Compare the settings: with other margins, the same columns hold other numbers."""
    settings = settings_file(path)
    if not settings.is_file():
        return
    try:
        made_with = json.loads(settings.read_text(encoding="utf-8"))["features"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{settings} cannot be read ({error!r}). {_REMEDY}") from error
    if made_with != spec.hash:
        raise DatasetError(
            f"{path} was made with other feature settings (hash {made_with}) than those in "
            f"params.yaml (hash {spec.hash}). {_REMEDY}"
        )


def _blocks(
    path: Path, spec: FeatureSpec
) -> Iterator[tuple[NDArray[np.float32], "pyarrow.RecordBatch"]]:
    """Features and facts, a few thousand rows at a time."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    _check_columns(path, spec)
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {column: text for column in ("filename", "group", "label", *spatial.COLUMNS)}
    types |= {"frame_number": pyarrow.int64(), "augmented": pyarrow.uint8()}
    types |= {column: pyarrow.float32() for column in spec.columns if column not in types}
    facts = [column for column in FACT_COLUMNS if column in types]
    with arrow_csv.open_csv(
        path,
        read_options=arrow_csv.ReadOptions(block_size=_BLOCK_BYTES),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types,
            include_columns=[*facts, *spec.columns],
            # "nan" is read as a number, and an empty text means that a relation is unknown.
            null_values=[],
        ),
    ) as reader:
        for batch in reader:
            columns = [_numbers(path, batch, column) for column in spec.columns]
            yield np.stack(columns, axis=1), batch.select(facts)


def _check_columns(path: Path, spec: FeatureSpec) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        found = next(csv.reader(file), [])
    missing = [column for column in (*FACT_COLUMNS, *spec.columns) if column not in found]
    if missing:
        raise DatasetError(
            f"{path} was made with other feature settings: it lacks {listed(missing)}. {_REMEDY}"
        )


def _numbers(path: Path, batch: "pyarrow.RecordBatch", column: str) -> NDArray[np.float32]:
    """A column as model input: spatial relations become codes."""
    values = batch[column]
    if column not in spatial.COLUMNS:
        numbers: NDArray[np.float32] = values.to_numpy()
        return numbers
    codes = {word: code for code, word in spatial.WORDS.items()} | {"": np.nan}
    words = values.dictionary.to_pylist()
    unknown = [word for word in words if word not in codes]
    if unknown:
        raise DatasetError(
            f"{path}: {column} contains {listed(unknown)}, expected {', '.join(codes)[:-2]} or "
            f"nothing. {_REMEDY}"
        )
    of_words = np.array([codes[word] for word in words], dtype=np.float32)
    relations: NDArray[np.float32] = of_words[values.indices.to_numpy()]
    return relations


def _label_codes(
    path: Path, facts: "pyarrow.Table", known_labels: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    import pyarrow

    column = facts["label"].combine_chunks()
    if not pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    occurring = column.dictionary.to_pylist()
    unknown = sorted(set(occurring) - set(known_labels))
    if unknown:
        raise DatasetError(
            f"{path} has labels that are not in params.yaml: {listed(unknown)}. Known: "
            f"{', '.join(known_labels)}. Correct the label tables and run `straps-train "
            "combine-features` again, or add them under `labels`."
        )
    labels = tuple(label for label in known_labels if label in set(occurring))
    codes = np.array([labels.index(label) for label in occurring], dtype=np.int64)
    return labels, codes[column.indices.to_numpy()]


def _texts(facts: "pyarrow.Table", name: str) -> NDArray[np.str_]:
    column = facts[name].combine_chunks()
    texts: NDArray[np.str_] = np.array(column.dictionary.to_pylist(), dtype=np.str_)
    of_rows: NDArray[np.str_] = texts[column.indices.to_numpy()]
    return of_rows
