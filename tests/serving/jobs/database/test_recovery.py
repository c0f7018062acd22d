"""Taking over another service's work rests on a part of DBOS that is not public."""

import re
from importlib.metadata import version

import pytest

from serving.jobs.database import recovery
from shared_features.params import PROJECT_ROOT

ADVICE = (
    "check what DBOS._recover_pending_workflows does there, run `pytest -m release "
    "tests/serving/jobs/database`, and add it to serving/jobs/database/recovery.py"
)


def test_the_installed_version_was_tried() -> None:
    """Another DBOS may work, but has to be checked first."""
    installed = version("dbos")
    assert installed in recovery.TRIED_VERSIONS, f"dbos {installed} was not tried: {ADVICE}"


@pytest.mark.parametrize("lock", ["serve", "dev"])
def test_the_locked_version_was_tried(lock: str) -> None:
    """What gets installed is what was tried."""
    text = (PROJECT_ROOT / "requirements" / f"{lock}.txt").read_text()
    (locked,) = re.findall(r"^dbos==(\S+)", text, re.MULTILINE)
    assert locked in recovery.TRIED_VERSIONS, f"dbos {locked} was not tried: {ADVICE}"
