"""A Dask cluster gives the same landmarks, even if one of its workers dies."""

import os
import signal
from pathlib import Path

import pytest

from shared_features.params import SharedParams
from tests.training.media.conftest import N_PHOTOS
from tests.training.media.media_stage import contents
from training.media.landmarks import extract_recordings
from training.params import ExtractionParams
from training.recordings.catalog import find_recordings

pytestmark = pytest.mark.usefixtures("pose_model")

KILLED_AFTER = 4
ONE = ExtractionParams(workers=1, annotated_copies=False)


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(
    tmp_path: Path, photos: Path, undisturbed: Path, shared_params: SharedParams
) -> None:
    """The lost worker's photos are processed again, and all tables are written."""
    from distributed import Client, LocalCluster

    recordings = find_recordings(photos, "photo")
    clustered = tmp_path / "clustered"
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        done = 0

        def kill_one(more: int) -> None:
            nonlocal done
            if done < KILLED_AFTER <= done + more:
                os.kill(victim, signal.SIGKILL)
            done += more

        address = cluster.scheduler_address
        report = extract_recordings(
            "photo", recordings, clustered, shared_params, ONE, address, kill_one
        )
        assert victim not in client.run(os.getpid).values()
    assert (len(report.done), report.failed) == (N_PHOTOS, ())
    assert contents(clustered) == contents(undisturbed)
