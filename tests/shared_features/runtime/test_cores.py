"""Only the cores that the process may use are counted."""

import os
import subprocess
import sys

import pytest

from shared_features.runtime.cores import usable_cores

COUNT = "from shared_features.runtime.cores import usable_cores; print(usable_cores())"


@pytest.mark.skipif(sys.platform != "linux", reason="needs CPU affinity")
def test_a_process_bound_to_one_core_counts_one() -> None:
    """The machine may have more, as in a container."""
    one = {min(os.sched_getaffinity(0))}
    counted = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {one}); {COUNT}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert counted.stdout == "1\n"


@pytest.mark.parametrize(("found", "expected"), [(6, 6), (None, 1)], ids=["known", "unknown"])
def test_elsewhere_the_machines_cores_are_counted(
    monkeypatch: pytest.MonkeyPatch, found: int | None, expected: int
) -> None:
    """One, if even the system does not know."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "cpu_count", lambda: found)
    assert usable_cores() == expected
