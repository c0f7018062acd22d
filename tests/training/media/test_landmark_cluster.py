"""The same landmarks on a Dask cluster, one of whose workers dies."""

import os
import signal
from pathlib import Path

import pytest

from shared_features.params import SharedParams
from tests.training.media.media_stage import contents, demo_photos
from training.media.landmarks import extract_recordings
from training.params import ExtractionParams
from training.recordings.catalog import find_recordings

pytestmark = pytest.mark.usefixtures("pose_model")

N_PHOTOS = 16
KILLED_AFTER = 4
ONE = ExtractionParams(workers=1, annotated_copies=False)


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(
    tmp_path: Path, shared_params: SharedParams
) -> None:
    """What the lost worker was at is done again, and everything is there."""
    from distributed import Client, LocalCluster

    recordings = find_recordings(demo_photos(tmp_path / "photos", N_PHOTOS), "photo")
    local, clustered = tmp_path / "local", tmp_path / "clustered"
    extract_recordings("photo", recordings, local, shared_params, ONE)
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
    assert contents(clustered) == contents(local)
