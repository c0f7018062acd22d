"""Fixtures that every room's tests use."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

# As training/__init__.py does, for tests that import a parallel library before it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest

from shared_features.params import PROJECT_ROOT, MediaParams, PoseParams, SharedParams, load_shared
from shared_features.pose import model_asset

# Where the collection of real recordings lies, if it does: beside the checkout, or as told.
SHARED_DATA_VARIABLE = "STRAPS_TEST_DATA"
_SHARED_DATA = Path(os.environ.get(SHARED_DATA_VARIABLE, PROJECT_ROOT.parent / "shared" / "data"))


def pytest_configure() -> None:
    """Let interrupts through.

    Shells start what runs in the background with interrupts ignored, and all its children inherit
    that; tests that interrupt programs need them to listen.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Path of a real recording; the test is skipped where the collection is absent."""

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
    """The assembled pose model; tests that need it are skipped where set-up has not run."""
    path = model_asset.default_path()
    if not path.is_file():
        pytest.skip(f"needs {path.name}; run `{model_asset.SETUP_COMMAND}`")
    return path
