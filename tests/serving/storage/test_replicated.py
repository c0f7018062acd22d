"""Copies of jobs in an object store: what one service sends, another one has."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from serving.errors import DataDirError
from serving.storage import replicated
from serving.storage.data_dir import new_id
from serving.storage.object_store import ObjectStore
from serving.storage.replicated import ReplicatedDataDir
from tests.serving.server import free_port

PLENTY = 1 << 40


def never() -> None:
    """No reason to stop."""


@pytest.fixture
def pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ReplicatedDataDir, ReplicatedDataDir]]:
    """Two services with one store, whose copies are never too fresh to be looked up."""
    monkeypatch.setattr(replicated, "_FRESH_S", 0.0)
    (tmp_path / "store").mkdir()
    url = f"file://{tmp_path}/store"
    with ExitStack() as opened:
        one, two = (
            opened.enter_context(ReplicatedDataDir(tmp_path / name, url, 0, PLENTY))
            for name in ("one", "two")
        )
        yield one, two


def submitted(data_dir: ReplicatedDataDir) -> str:
    job_id = new_id()
    folder = data_dir.jobs / job_id
    (folder / "chunks").mkdir(parents=True)
    (folder / "video.mp4").write_bytes(b"video")
    (folder / "chunks" / "0.npz").write_bytes(b"chunk")
    (folder / ".half-written.part").write_bytes(b"half")
    data_dir.send(job_id)
    return job_id


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_they_have_one_queue_and_an_id_each(
    pair: tuple[ReplicatedDataDir, ReplicatedDataDir],
) -> None:
    one, two = pair
    assert one.instance == two.instance
    assert one.replica != two.replica


def test_changes_go_both_ways(pair: tuple[ReplicatedDataDir, ReplicatedDataDir]) -> None:
    """New, changed and removed files arrive; what is half written does not."""
    one, two = pair
    job_id = submitted(one)
    assert two.job_ids() == {job_id}
    folder = two.job(job_id)
    assert folder is not None
    assert contents(folder) == {"video.mp4": b"video", "chunks/0.npz": b"chunk"}
    with two.working(job_id, never):
        (folder / "chunks" / "0.npz").unlink()
        (folder / "timeline.json").write_bytes(b"done")
        two.fetch(job_id)  # which must not bring back what was removed here
    one.fetch(job_id)
    assert contents(one.jobs / job_id) == {"video.mp4": b"video", "timeline.json": b"done"}
    (one.jobs / job_id / "timeline.json").write_bytes(b"done again")
    one.send(job_id)
    two.fetch(job_id)
    assert contents(folder)["timeline.json"] == b"done again"
    assert one.size_bytes(job_id) == len(b"video" + b"done again")


def test_a_removed_job_is_gone_everywhere(
    pair: tuple[ReplicatedDataDir, ReplicatedDataDir],
) -> None:
    one, two = pair
    job_id = submitted(one)
    assert two.job(job_id) is not None
    two.note_watched(job_id)
    assert one.watched_s(job_id) > 0
    one.remove_job(job_id)
    assert not two.has_job(job_id)
    two.tidy_copies()
    assert two.job(job_id) is None
    assert one.watched_s(job_id) == 0
    assert one.job("../escape") is None


def test_copies_make_room_and_come_back(
    pair: tuple[ReplicatedDataDir, ReplicatedDataDir], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy is removed only if it is not in use, and it can be fetched again."""
    one, two = pair
    job_id = submitted(one)
    assert two.job(job_id) is not None
    monkeypatch.setattr(two, "_max_cache_bytes", 0)
    two.tidy_copies()
    assert (two.jobs / job_id).is_dir()
    monkeypatch.setattr(replicated, "_IN_USE_S", -1.0)
    two.tidy_copies()
    assert not (two.jobs / job_id).exists()
    assert two.job(job_id) is not None


def test_an_address_that_is_none_is_refused() -> None:
    """With the setting that names it."""
    with pytest.raises(DataDirError, match=r"serving\.store"):
        ObjectStore("nonsense://bucket")


def test_a_store_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, before the service starts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    # Nothing listens there, and http is not allowed.
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    data_dir = ReplicatedDataDir(tmp_path, "s3://bucket", 0, PLENTY)
    for _ in range(2):  # a failed start leaves no lock
        with pytest.raises(DataDirError, match="s3://bucket cannot be used"):
            data_dir.__enter__()
