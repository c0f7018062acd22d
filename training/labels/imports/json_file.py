"""JSON files of other tools, and the mistakes that are common to reading all of them."""

import json
from pathlib import Path
from typing import Any

from training.errors import LabelError
from training.tables.encoding import decoded

# What a file with an unexpected structure raises while it is read.
UNEXPECTED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        TableError: The file is not text.
        LabelError: It is not JSON.
    """
    try:
        return json.loads(decoded(path).text)
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path} cannot be read as JSON ({error}).") from error
