"""Labels and their history on disk, whatever happens between two writes."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import LabelError
from training.labeller.editing import session as session_module
from training.labeller.editing.journal import Step
from training.labeller.editing.ranges import Ranges, label_through, move_boundary, relabel
from training.labeller.editing.session import LabelFile, Request, Session
from training.labels.label_tables import LabelledRange, LabelTable, read_labels, write_labels
from training.recordings.catalog import Recording

VIDEO = Recording("video", "routine.mp4", Path("routine.mp4"))
SHOWN = tuple(range(0, 100, 5))
PRESSES = st.lists(
    st.one_of(
        st.tuples(st.just("label"), st.sampled_from(SHOWN), st.sampled_from(["Apple", "Banana"])),
        st.tuples(st.sampled_from(["undo", "redo", "reopen"]), st.just(0), st.just("")),
    ),
    max_size=25,
)


def opened(folder: Path, *recordings: Recording) -> Session:
    files = [LabelFile(folder, recording) for recording in recordings or (VIDEO,)]
    return Session(files, folder / ".history" / "journal.jsonl")


def press(session: Session, frame: int, label: str, recording: Recording = VIDEO) -> Step | None:
    request = Request(uuid4().hex, recording.filename, frame, 100, (1, 2))
    return session.apply(request, partial(label_through, shown=SHOWN, frame=frame, label=label))


def on_disk(folder: Path, stem: str = "routine", kind: str = "video") -> Ranges:
    path = folder / f"{kind}_{stem}_labeled.csv"
    return read_labels(path).ranges if path.exists() else ()


@given(PRESSES)
@settings(max_examples=40)
def test_undo_and_redo_go_through_the_same_labels_also_after_reopening(
    presses: list[tuple[str, int, str]],
) -> None:
    """A session that was reopened has the same history as one that was not."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        session = opened(folder)
        past: list[Ranges] = [()]
        undone: list[Ranges] = []
        for what, frame, label in presses:
            if what == "label":
                press(session, frame, label)
                past.append(session.ranges(VIDEO.filename))
                undone.clear()
            elif what == "reopen":
                session = opened(folder)
            elif what == "undo":
                assert (session.undo(uuid4().hex) is None) == (len(past) == 1)
                if len(past) > 1:
                    undone.append(past.pop())
            else:
                assert (session.redo(uuid4().hex) is None) == (not undone)
                if undone:
                    past.append(undone.pop())
            assert session.ranges(VIDEO.filename) == on_disk(folder) == past[-1]
            assert session.history.can_undo == (len(past) > 1)
            assert session.history.can_redo == bool(undone)


def test_every_change_can_be_undone(tmp_path: Path) -> None:
    """Labels, boundaries and whole ranges alike, until no table is left."""
    session = opened(tmp_path)
    press(session, 10, "Apple")
    press(session, 30, "Banana")
    for change in (
        partial(move_boundary, boundary=10, to=12),
        partial(relabel, frame=20, label="Cherry"),
    ):
        session.apply(Request(uuid4().hex, VIDEO.filename, 10), change)
    assert on_disk(tmp_path) == (LabelledRange(0, 12, "Apple"), LabelledRange(13, 30, "Cherry"))
    session = opened(tmp_path)
    while session.undo(uuid4().hex):
        pass
    assert not list(tmp_path.glob("*.csv"))


def test_a_request_that_is_sent_again_does_nothing(tmp_path: Path) -> None:
    """The response may have been lost when the tool was killed, but the change was not."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    request = Request("0" * 16, VIDEO.filename, 10)
    change = partial(label_through, shown=SHOWN, frame=10, label="Banana")
    assert session.apply(request, change) is not None
    session = opened(tmp_path)
    assert session.apply(request, change) is None
    assert session.undo("1" * 16) is not None
    session = opened(tmp_path)
    assert session.undo("1" * 16) is None
    assert on_disk(tmp_path) == (LabelledRange(0, 5, "Apple"),)


def test_a_step_missing_from_the_table_is_restored_from_the_journal(tmp_path: Path) -> None:
    """When killed between the two writes, the key press counts and can be undone."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    before = (tmp_path / "video_routine_labeled.csv").read_bytes()
    press(session, 10, "Banana")
    after = on_disk(tmp_path)
    (tmp_path / "video_routine_labeled.csv").write_bytes(before)
    session = opened(tmp_path)
    assert session.ranges(VIDEO.filename) == on_disk(tmp_path) == after
    session.undo(uuid4().hex)
    (tmp_path / "video_routine_labeled.csv").write_bytes(before)
    assert opened(tmp_path).ranges(VIDEO.filename) == (LabelledRange(0, 5, "Apple"),)


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_half_written_line_is_ignored(tmp_path: Path, cut: int) -> None:
    """When killed while writing the journal, only that key press is lost."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    journal = tmp_path / ".history" / "journal.jsonl"
    table = (tmp_path / "video_routine_labeled.csv").read_bytes()
    whole = journal.read_bytes()
    press(session, 10, "Banana")
    journal.write_bytes(whole + journal.read_bytes()[len(whole) :][:cut])
    (tmp_path / "video_routine_labeled.csv").write_bytes(table)
    session = opened(tmp_path)
    assert session.ranges(VIDEO.filename) == (LabelledRange(0, 5, "Apple"),)
    press(session, 15, "Banana")
    session = opened(tmp_path)
    session.undo(uuid4().hex)
    session.undo(uuid4().hex)
    assert session.ranges(VIDEO.filename) == ()


def test_a_damaged_journal_costs_the_history_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names the file and says that the labels are safe in their tables."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    (tmp_path / ".history" / "journal.jsonl").write_bytes(b'{"do": 3}\nrubbish\n\xff\n')
    session = opened(tmp_path)
    assert session.ranges(VIDEO.filename) == (LabelledRange(0, 5, "Apple"),)
    assert not session.history.can_undo
    assert "journal.jsonl is damaged" in caplog.text
    assert "All labels are safe" in caplog.text
    press(session, 10, "Banana")
    assert opened(tmp_path).undo(uuid4().hex) is not None


def test_labels_of_others_are_never_overwritten(tmp_path: Path) -> None:
    """A table that another program has written is reloaded, and the key press is refused."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    imported = (LabelledRange(0, 50, "Cherry"),)
    path = tmp_path / "video_routine_labeled.csv"
    write_labels(LabelTable(VIDEO.filename, imported), path)
    with pytest.raises(LabelError, match="Another program has changed the labels"):
        press(session, 10, "Banana")
    assert on_disk(tmp_path) == session.ranges(VIDEO.filename) == imported
    assert not session.history.can_undo
    press(session, 55, "Banana")
    assert on_disk(tmp_path)[0] == imported[0]


def test_a_removed_table_is_not_restored(tmp_path: Path) -> None:
    """A user who deletes the labels between two runs starts from scratch."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    press(session, 10, "Banana")
    (tmp_path / "video_routine_labeled.csv").unlink()
    session = opened(tmp_path)
    assert session.ranges(VIDEO.filename) == ()
    assert not session.history.can_undo


def test_photos_share_one_history(tmp_path: Path) -> None:
    """Undo reverts the photo that was labelled last, whichever it is."""
    photos = [Recording("photo", f"{name}.jpg", Path(f"{name}.jpg")) for name in "xyz"]
    session = opened(tmp_path, *photos)
    for photo, label in zip(photos, ("Apple", "Banana", "Cherry"), strict=True):
        press(session, 0, label, photo)
    # The table of one photo is removed; the others keep their history.
    (tmp_path / "photo_y_labeled.csv").unlink()
    session = opened(tmp_path, *photos)
    undone = [session.undo(uuid4().hex), session.undo(uuid4().hex), session.undo(uuid4().hex)]
    assert [step and step.filename for step in undone] == ["photo_z.jpg", "photo_x.jpg", None]
    assert session.redo(uuid4().hex) is not None
    assert on_disk(tmp_path, "x", "photo") == (LabelledRange(0, 0, "Apple"),)


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that could not be saved is neither in the labels nor in the history."""
    session = opened(tmp_path)
    press(session, 5, "Apple")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(session_module, "write_labels", full)
        with pytest.raises(OSError, match="No space left"):
            press(session, 10, "Banana")
    assert session.ranges(VIDEO.filename) == (LabelledRange(0, 5, "Apple"),)
    session = opened(tmp_path)
    assert session.undo(uuid4().hex) is not None
    assert session.ranges(VIDEO.filename) == ()


def test_a_long_history_is_cut(tmp_path: Path) -> None:
    """The journal does not grow forever; the newest steps stay."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    journal = tmp_path / ".history" / "journal.jsonl"
    line = journal.read_bytes()
    # Repeating the same key press does not change the labels, but the file grows.
    again = line.replace(b'"before":[]', b'"before":[[0,5,"Apple"]]')
    journal.write_bytes(line + again * 4500)
    session = opened(tmp_path)
    assert len(journal.read_bytes().splitlines()) == 2000
    assert session.ranges(VIDEO.filename) == (LabelledRange(0, 5, "Apple"),)


def test_the_number_of_frames_is_remembered(tmp_path: Path) -> None:
    """A finished recording is recognised before it is decoded, unless the file has changed."""
    session = opened(tmp_path)
    press(session, 5, "Apple")
    history = opened(tmp_path).history
    assert history.frame_count(VIDEO.filename, (1, 2)) == 100
    assert history.frame_count(VIDEO.filename, (1, 3)) is None


def test_a_damaged_table_is_left_alone(tmp_path: Path) -> None:
    """It is not overwritten by mistake."""
    (tmp_path / "video_routine_labeled.csv").write_text("frame_number,label\n0,x\n")
    with pytest.raises(LabelError, match="not a label table"):
        LabelFile(tmp_path, VIDEO)
