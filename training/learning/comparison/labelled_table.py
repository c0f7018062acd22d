"""Reads any labelled table (CSV) and turns its useful columns into numbers.

Numeric columns are used directly; a text column becomes one column per text. Columns that differ in
almost every row (names, dates) or never are left out, and reported.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DatasetError
from training.words import counted

if TYPE_CHECKING:
    import pandas

# Rows with 1 in this column are made from other rows: they are for training, never for testing.
AUGMENTED = "augmented"

# A text column with more distinct values than this share of its rows identifies rows.
_IDENTIFYING_SHARE = 0.5
# Texts beyond this many of the most frequent ones are merged into one.
_MAX_TEXTS = 30
_DATE_SHARE = 0.9


@dataclass(frozen=True)
class LabelledTable:
    """Rows for training and testing.

    Attributes:
        frame: The columns used, as read by pandas.
        numeric: Names of the numeric columns.
        text: Names of the text columns.
        left_out: Reason why each other column is not used, by name.
        labels: Names of the labels.
        codes: ``(n,)`` index of each row's label in ``labels``.
        groups: ``(n,)`` str; a split must never separate the rows of a group.
        grouped: Whether groups were given; otherwise each row is its own group.
        augmented: ``(n,)`` bool: rows that are for training only.
    """

    frame: "pandas.DataFrame"
    numeric: tuple[str, ...]
    text: tuple[str, ...]
    left_out: dict[str, str]
    labels: tuple[str, ...]
    codes: NDArray[np.int64]
    groups: NDArray[np.str_]
    grouped: bool
    augmented: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.codes)

    def encoder(self) -> Any:
        """An unfitted transformer from rows of ``frame`` to ``(n, features)``; NaN stays NaN."""
        from sklearn.compose import make_column_transformer
        from sklearn.preprocessing import OneHotEncoder

        texts = OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=_MAX_TEXTS, sparse_output=False
        )
        return make_column_transformer(
            ("passthrough", list(self.numeric)), (texts, list(self.text)), sparse_threshold=0
        )


def read_labelled_table(
    path: Path, target: str, group: str | None = None, drop: Sequence[str] = ()
) -> LabelledTable:
    """Read a table; rows without a label are left out.

    Args:
        path: Path of the CSV file; its first line names the columns.
        target: Column of the labels.
        group: Column whose values mark rows that belong together.
        drop: Columns to leave out.

    Raises:
        DatasetError: The file is not a table, a column is missing, there are fewer than two labels,
            or no column is useful.
    """
    frame = _read_csv(path)
    _require_columns(frame, path, [target, *([group] if group else []), *drop])
    frame = frame[frame[target].notna()].reset_index(drop=True)
    augmented = _augmented(frame, path, group)
    labels, codes = np.unique(frame[target].astype(str).to_numpy(dtype=str), return_inverse=True)
    if len(labels) < 2:
        raise DatasetError(
            f"{path}: column {target!r} has {counted(len(labels), 'label')} in "
            f"{counted(len(frame), 'row')}; a comparison needs at least two."
        )
    groups = np.arange(len(frame)).astype(str)
    if group:
        groups = frame[group].astype(str).to_numpy(dtype=str)
    used = frame.drop(columns=list({target, group, AUGMENTED, *drop} & set(frame.columns)))
    left_out = {name: reason for name in used if (reason := _useless(used[name]))}
    used = used.drop(columns=list(left_out))
    if used.empty:
        raise DatasetError(
            f"{path}: there is no column to learn from. Left out: {_listed(left_out)}."
        )
    numeric = [name for name in used if _is_numeric(used[name])]
    text = [name for name in used if name not in numeric]
    used = used.astype(dict.fromkeys(numeric, "float32") | dict.fromkeys(text, "object"))
    # A missing text counts as a text of its own, because its absence may be informative.
    used[text] = used[text].where(used[text].notna(), "")
    return LabelledTable(
        frame=used.replace([np.inf, -np.inf], np.nan),
        numeric=tuple(numeric),
        text=tuple(text),
        left_out=left_out,
        labels=tuple(labels.tolist()),
        codes=codes.astype(np.int64),
        groups=groups,
        grouped=group is not None,
        augmented=augmented,
    )


def _read_csv(path: Path) -> "pandas.DataFrame":
    import pandas as pd

    try:
        frame = pd.read_csv(path, low_memory=False)
    except FileNotFoundError as error:
        raise DatasetError(f"There is no table {path}.") from error
    except (OSError, UnicodeDecodeError, ValueError) as error:
        # pandas' own errors are ValueErrors.
        reason = str(error).strip().partition("\n")[0]
        raise DatasetError(
            f"{path} cannot be read as a table ({reason}). Expected a CSV file in UTF-8 whose "
            "first line names the columns."
        ) from error
    if frame.shape[1] < 2:
        raise DatasetError(
            f"{path} has {frame.shape[1]} column. Expected several, with commas between them."
        )
    if frame.empty:
        raise DatasetError(f"{path} has columns, but no rows.")
    return frame


def _require_columns(frame: "pandas.DataFrame", path: Path, names: Sequence[str]) -> None:
    known = [str(name) for name in frame.columns]
    problems = []
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            problems.append(f"{name!r}" + (f" (did you mean {nearest[0]!r}?)" if nearest else ""))
    if problems:
        raise DatasetError(
            f"{path} has no column {', nor '.join(problems)}. Its columns: {', '.join(known)}."
        )


def _augmented(frame: "pandas.DataFrame", path: Path, group: str | None) -> NDArray[np.bool_]:
    if AUGMENTED not in frame.columns:
        return np.zeros(len(frame), dtype=bool)
    if group is None:
        raise DatasetError(
            f"{path} has a column {AUGMENTED!r}: some rows are made from others. Use --group to "
            "say which rows belong together; otherwise copies of a training row could be tested."
        )
    if not set(frame[AUGMENTED].unique()) <= {0, 1}:
        raise DatasetError(f"{path}: column {AUGMENTED!r} must hold 0 and 1 only.")
    return np.asarray(frame[AUGMENTED].to_numpy() == 1)


def _useless(column: "pandas.Series[Any]") -> str | None:
    """Why a column tells nothing about new rows; None if it may."""
    present = column.dropna()
    n_values = present.nunique()
    if n_values == 0:
        return "empty"
    if n_values == 1 and len(present) == len(column):
        return f"always {present.unique().tolist()[0]!r}"
    if _is_numeric(column):
        return "numbers the rows" if _numbers_the_rows(column) else None
    if _is_mostly_dates(present):
        return "dates"
    if n_values > _IDENTIFYING_SHARE * len(present) and n_values > _MAX_TEXTS:
        return f"{n_values} different texts in {len(present)} rows"
    return None


def _is_numeric(column: "pandas.Series[Any]") -> bool:
    from pandas.api.types import is_numeric_dtype

    return bool(is_numeric_dtype(column))


def _numbers_the_rows(column: "pandas.Series[Any]") -> bool:
    if column.isna().any() or column.dtype.kind not in "iu":
        return False
    return bool((np.diff(column.to_numpy()) == 1).all()) and len(column) > 2


def _is_mostly_dates(present: "pandas.Series[Any]") -> bool:
    import pandas as pd

    parsed = pd.to_datetime(present.astype(str), format="ISO8601", errors="coerce", utc=True)
    return bool(parsed.notna().mean() >= _DATE_SHARE)


def _listed(left_out: dict[str, str]) -> str:
    return ", ".join(f"{name} ({reason})" for name, reason in left_out.items()) or "none"
