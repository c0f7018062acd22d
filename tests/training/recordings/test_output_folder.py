"""Folders for results are checked before the work, and cleaned of what killed runs left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.recordings.output_folder import prepare_folder, process_runs


@pytest.fixture
def ended_process() -> int:
    """The ID of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_only_files_of_ended_processes_are_removed(tmp_path: Path, ended_process: int) -> None:
    """Finished files and those of a running process stay, in subfolders too."""
    folder = tmp_path / "results"
    (folder / "annotated").mkdir(parents=True)
    kept = [folder / f".a.{os.getpid()}.0123abcd.part.csv", folder / "a.csv", folder / ".hidden"]
    gone = [
        folder / f".a.{ended_process}.0123abcd.part.csv",
        folder / "annotated" / f".a.{ended_process}.partial.mp4",
    ]
    for path in kept + gone:
        path.touch()
    prepare_folder(folder)
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(kept)


def test_a_folder_that_cannot_be_created_is_a_message(tmp_path: Path) -> None:
    """It names the folder, the reason and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match=r"Cannot write to .*file/results .*another folder"):
        prepare_folder(tmp_path / "file" / "results")


def test_a_zombie_does_not_run() -> None:
    """A process that has ended counts as gone, even if its parent has not waited for it."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_runs(process.pid)
    process.kill()
    # Wait for the end of the process, but leave it a zombie.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not process_runs(process.pid)
    process.communicate()
