"""The folders of the jobs are enough: the queue is rebuilt from them, and nothing is removed."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from serving.jobs import Job, JobState
from serving.settings import Settings
from serving.storage.job_record import RECORD_FILE
from tests.programs import run_program
from tests.serving.jobs.instant import instant_work, open_queue, settings_in, settled, submit

__all__ = ["instant_work"]

pytestmark = pytest.mark.usefixtures("instant_work")


def lose(database: Path) -> None:
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


def garble(database: Path) -> None:
    lose(database)
    database.write_bytes(b"not a database, whatever its name says" * 100)


def cut(database: Path) -> None:
    """Cut off the end, as a disk that was full would."""
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.write_bytes(database.read_bytes()[:20_000])


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory, instant_work: object
) -> tuple[Path, list[Job]]:
    """A data folder with a job that is done, a job that failed, and their database; for copying."""
    folder = tmp_path_factory.mktemp("filled")
    settings = settings_in(folder)
    with open_queue(settings) as jobs:
        ids = [
            submit(jobs, folder / "data", b"a video", "Übung “1”.mp4"),
            submit(jobs, folder / "data", b"no video", "text.mp4"),
        ]
        return folder, [settled(jobs, job_id) for job_id in ids]


@pytest.fixture
def data(filled: tuple[Path, list[Job]], tmp_path: Path) -> tuple[Settings, list[Job]]:
    """A copy of it, with its settings; the jobs as they are to be found again."""
    folder, before = filled
    shutil.copytree(folder / "data", tmp_path / "data")
    moved = [replace(job, folder=tmp_path / "data" / "jobs" / job.id) for job in before]
    return settings_in(tmp_path), moved


@pytest.mark.parametrize("harm", [lose, garble, cut])
def test_a_lost_database_is_rebuilt(
    data: tuple[Settings, list[Job]], tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Every job is there again as it was; a broken file is kept next to the new one."""
    settings, before = data
    harm(tmp_path / "data" / "queue.sqlite")
    with open_queue(settings) as jobs:
        assert [settled(jobs, job.id) for job in before] == before
    kept = list((tmp_path / "data").glob("queue.sqlite.broken-*"))
    assert len(kept) == (0 if harm is lose else 1)
    with open_queue(settings) as jobs:
        assert {job.id: job for job in jobs.all()} == {job.id: job for job in before}


def test_a_database_older_than_the_folders_loses_nothing(
    data: tuple[Settings, list[Job]], tmp_path: Path
) -> None:
    """Jobs that came after the copy are taken up, and jobs that were deleted stay deleted."""
    settings, (done, failed) = data
    copy = shutil.copy(tmp_path / "data" / "queue.sqlite", tmp_path / "older.sqlite")
    with open_queue(settings) as jobs:
        jobs.delete(failed.id)
        later = settled(jobs, submit(jobs, tmp_path / "data", name="later.mp4"))
    lose(tmp_path / "data" / "queue.sqlite")
    shutil.copy(copy, tmp_path / "data" / "queue.sqlite")
    with open_queue(settings) as jobs:
        assert jobs.all() == [later, done]


def test_folders_without_records_are_recognised_or_set_aside(
    data: tuple[Settings, list[Job]], tmp_path: Path
) -> None:
    """A folder with a video is a job; whatever else is in the way is kept elsewhere."""
    settings, (done, _) = data
    folders = tmp_path / "data" / "jobs"
    (done.folder / RECORD_FILE).unlink()
    lose(tmp_path / "data" / "queue.sqlite")
    (folders / ("e" * 32)).mkdir()
    (folders / ("e" * 32) / "notes.json").write_text("no video here")
    (folders / ("f" * 32)).mkdir()
    (folders / ("f" * 32) / "holiday.mov").write_bytes(b"a video")
    (folders / "stray.txt").write_text("a stray file")
    with open_queue(settings) as jobs:
        assert settled(jobs, done.id).state == JobState.DONE
        taken = settled(jobs, "f" * 32)
        assert (taken.source, taken.state) == ("holiday.mov", JobState.DONE)
    aside = sorted(entry.name for entry in (tmp_path / "data" / "set-aside").iterdir())
    assert [name.partition("-")[0] for name in aside] == ["e" * 32, "stray.txt"]


def test_a_result_that_is_missing_is_made_again(
    data: tuple[Settings, list[Job]], tmp_path: Path
) -> None:
    """The record says done, but a file is not there: the video is analysed again."""
    settings, (done, _) = data
    lose(tmp_path / "data" / "queue.sqlite")
    (done.folder / "poses.srt").unlink()
    with open_queue(settings) as jobs:
        assert settled(jobs, done.id) == done
    assert (done.folder / "poses.srt").is_file()


def test_the_folders_alone_are_a_backup(data: tuple[Settings, list[Job]], tmp_path: Path) -> None:
    """`jobs` and `instance`, copied to a new place, are every video with all its results."""
    _, before = data
    (tmp_path / "new").mkdir()
    restored = settings_in(tmp_path / "new")
    shutil.copytree(tmp_path / "data" / "jobs", tmp_path / "new" / "data" / "jobs")
    shutil.copy(tmp_path / "data" / "instance", tmp_path / "new" / "data")
    moved = [replace(j, folder=tmp_path / "new" / "data" / "jobs" / j.id) for j in before]
    with open_queue(restored) as jobs:
        assert [settled(jobs, job.id) for job in moved] == moved


def check(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_program("straps-serve", "check", "--params", tmp_path / "params.yaml", *arguments)


def test_check_says_what_is_wrong_and_repairs_it(
    data: tuple[Settings, list[Job]], tmp_path: Path
) -> None:
    """Exit code 1 as long as something is wrong; without `--repair` nothing changes."""
    settings, (done, failed) = data
    garble(tmp_path / "data" / "queue.sqlite")
    (failed.folder / RECORD_FILE).unlink()
    (tmp_path / "data" / "jobs" / "stray.txt").write_text("a stray file")
    before = sorted((tmp_path / "data").rglob("*"))
    wrong = check(tmp_path)
    assert wrong.returncode == 1
    assert "queue.sqlite is broken" in wrong.stdout
    assert f"jobs/{failed.id} has no job.json" in wrong.stdout
    assert "jobs/stray.txt is not the folder of a job" in wrong.stdout
    assert sorted((tmp_path / "data").rglob("*")) == before
    repaired = check(tmp_path, "--repair")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert "Videos taken up: 2" in repaired.stdout
    sound = check(tmp_path)
    assert (sound.returncode, "Videos: 2" in sound.stdout) == (0, True), sound.stdout + sound.stderr
    with open_queue(settings) as jobs:
        assert settled(jobs, done.id) == done
        assert settled(jobs, failed.id).state == JobState.FAILED
