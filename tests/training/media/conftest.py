"""Photos of the demo performance and their landmark tables, extracted once per run."""

from pathlib import Path

import pytest

from shared_features.params import SharedParams
from tests.training.media.media_stage import demo_photos
from training.media.landmarks import extract_recordings
from training.params import ExtractionParams
from training.recordings.catalog import find_recordings

N_PHOTOS = 24


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_photos(tmp_path_factory.mktemp("demo") / "photos", N_PHOTOS)


@pytest.fixture(scope="session")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, photos: Path, shared_params: SharedParams
) -> Path:
    """The tables of all photos, extracted by one process without an interruption."""
    folder = tmp_path_factory.mktemp("undisturbed")
    extraction = ExtractionParams(workers=1, annotated_copies=False)
    recordings = find_recordings(photos, "photo")
    report = extract_recordings("photo", recordings, folder, shared_params, extraction)
    assert len(report.done) == N_PHOTOS
    return folder
