"""The data folder belongs to one process at a time, and keeps nothing by accident."""

import subprocess
import sys
from pathlib import Path

import pytest

from serving.errors import DataDirError
from serving.storage.data_dir import DataDir

HOLD = """
import sys
from pathlib import Path
from serving.storage.data_dir import DataDir

with DataDir(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    """The operating system releases the lock of a process that cannot do so itself."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(DataDirError, match="Another straps-serve is using"), DataDir(tmp_path):
            pytest.fail("entered")
        holder.kill()
    with DataDir(tmp_path) as first:
        instance = first.instance
    with DataDir(tmp_path) as again:
        assert again.instance == instance


def test_a_folder_that_cannot_be_used_is_a_message(tmp_path: Path) -> None:
    """It names the folder and the setting."""
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(DataDirError, match=r"file/data cannot be used .*serving\.data_dir"),
        DataDir(tmp_path / "file" / "data"),
    ):
        pytest.fail("entered")


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    """Half an upload, and a job that was half removed."""
    for folder in ("uploads/half", "deleted/half"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "recording.mp4").write_bytes(b"half a video")
    with DataDir(tmp_path) as data_dir:
        assert not list(data_dir.uploads.iterdir())
        assert not list((tmp_path / "deleted").iterdir())


def test_an_upload_is_kept_only_by_renaming_its_folder(tmp_path: Path) -> None:
    """A malformed job ID is no folder, even if one of that name exists."""
    with DataDir(tmp_path) as data_dir:
        with data_dir.receiving() as folder:
            (folder / "a.mp4").write_bytes(b"video")
        assert not folder.exists()
        with data_dir.receiving() as folder:
            (folder / "a.mp4").write_bytes(b"video")
            folder.rename(data_dir.jobs / ("0" * 32))
        kept = data_dir.job("0" * 32)
        assert kept is not None
        assert (kept / "a.mp4").is_file()
        assert data_dir.job("../jobs/" + "0" * 32) is None
        assert data_dir.job_ids() == {"0" * 32}
        data_dir.remove_job("0" * 32)
        data_dir.remove_job("0" * 32)
        assert data_dir.job_ids() == set()
