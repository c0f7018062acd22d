"""Fixtures shared by the tests of all rooms."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

# As training/__init__.py does, for tests that import a parallel library before it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from hypothesis import HealthCheck, settings

from shared_features.params import PROJECT_ROOT, MediaParams, PoseParams, SharedParams, load_shared
from shared_features.pose import model_asset
from tests import programs

# The collection of real recordings, if there is one: next to the checkout, or named by a variable.
SHARED_DATA_VARIABLE = "STRAPS_TEST_DATA"
_SHARED_DATA = Path(os.environ.get(SHARED_DATA_VARIABLE, PROJECT_ROOT.parent / "shared" / "data"))


# No test may depend on how fast the machine is: by default hypothesis counts seconds.
settings.register_profile(
    "straps", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("straps")


def pytest_configure() -> None:
    """Let interrupts through, and name what programs and workers need.

    Shells start background jobs with interrupts ignored, and every child inherits that; tests that
    interrupt a program need it to listen.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    programs.preload()


# Files that take longest. Given out first, none of them is what the others wait for at the end.
LONG = ("test_whole_way", "test_main_job", "test_train", "test_overlay_jobs", "test_jobs")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, in an otherwise random order."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Path of a real recording; skips the test where the collection is absent."""

    def path(relative: str) -> Path:
        found = _SHARED_DATA / relative
        if not found.exists():
            pytest.skip(f"needs {relative} of the recordings ({SHARED_DATA_VARIABLE} or ../shared)")
        return found

    return path


@pytest.fixture(scope="session")
def shared_params() -> SharedParams:
    return load_shared(PROJECT_ROOT / "params.yaml")


@pytest.fixture(scope="session")
def media(shared_params: SharedParams) -> MediaParams:
    return shared_params.media


@pytest.fixture(scope="session")
def pose(shared_params: SharedParams) -> PoseParams:
    return shared_params.pose


@pytest.fixture(scope="session")
def pose_model() -> Path:
    """The assembled pose model; skips the test where set-up has not run."""
    path = model_asset.default_path()
    if not path.is_file():
        pytest.skip(f"needs {path.name}; run `{model_asset.SETUP_COMMAND}`")
    return path
