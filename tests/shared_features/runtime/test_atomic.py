"""A file is there completely or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared_features.runtime.atomic import atomic_write


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Until the block is left, the old contents stay; then only the new file is there."""
    path = tmp_path / "table.csv"
    path.write_text("old")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_everything_as_it_was(
    tmp_path: Path, error: type[BaseException]
) -> None:
    """The old file stays, and the temporary one is removed."""
    path = tmp_path / "table.csv"
    path.write_text("old")

    def write_half() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    """What it had written so far lies under a name that carries its process ID."""
    path = tmp_path / "table.csv"
    path.write_text("old")
    program = (
        "import os, sys; from pathlib import Path\n"
        "from shared_features.runtime.atomic import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", program, str(path)])  # noqa: S603
    assert killed.wait() == -9
    assert path.read_text() == "old"
    (left,) = set(tmp_path.iterdir()) - {path}
    assert left.read_text() == "half"
    assert left.name.startswith(f".table.{killed.pid}.")
    assert left.suffix == ".csv"


def test_several_writers_do_not_meet(tmp_path: Path) -> None:
    """Each has a temporary file of its own; the last one to finish wins."""
    path = tmp_path / "table.csv"
    with atomic_write(path) as first, atomic_write(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"


def test_the_contents_are_on_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not leave an empty file under the final name."""
    path, synced = tmp_path / "table.csv", []

    def sync(descriptor: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), path.exists()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to name an open file")
    monkeypatch.setattr(os, "fsync", sync)
    with atomic_write(path) as temporary:
        temporary.write_text("new")
    assert synced == [(str(temporary), False)]


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    """The temporary name is not longer than a file system allows, even where the name fills it."""
    path = tmp_path / ("ü" * 125 + ".csv")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
