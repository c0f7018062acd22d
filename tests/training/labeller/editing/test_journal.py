"""The journal's file format, and its behaviour when writing fails."""

from pathlib import Path

import pytest

from training.labeller.editing.journal import Journal, Step, step_from_json, step_to_json
from training.labeller.editing.ranges import Change
from training.labeller.editing.session import LabelFile, Session
from training.labels.label_tables import LabelledRange, LabelTable, write_labels
from training.recordings.catalog import Recording

# Written by the first version that had a journal: two key presses, of which one was undone.
FIRST_FORMAT = """\
{"do":{"request":"aaaaaaaa","frame":5,"first":0,"last":5,"before":[],"after":[[0,5,"Apple"]],\
"frames":100,"media":[1,2]},"filename":"video_routine.mp4","from":"4f53cda18c2baa0c",\
"to":"59772bbf1959019d"}
{"do":{"request":"bbbbbbbb","frame":9,"first":6,"last":9,"before":[],"after":[[6,9,"Banana"]],\
"frames":null,"media":null},"filename":"video_routine.mp4","from":"59772bbf1959019d",\
"to":"eac65abb83e78b36"}
{"undo":"cccccccc","filename":"video_routine.mp4","from":"eac65abb83e78b36","to":"59772bbf1959019d"}
"""


def test_journals_of_the_first_version_can_still_be_read(tmp_path: Path) -> None:
    """Steps, frame counts and request IDs are all there, and redo works."""
    recording = Recording("video", "routine.mp4", Path("routine.mp4"))
    labels = (LabelledRange(0, 5, "Apple"),)
    write_labels(LabelTable(recording.filename, labels), tmp_path / "video_routine_labeled.csv")
    journal = tmp_path / "video_routine.jsonl"
    journal.write_text(FIRST_FORMAT, encoding="utf-8")
    session = Session([LabelFile(tmp_path, recording)], journal)
    assert session.history.frame_count(recording.filename, (1, 2)) == 100
    assert session.history.recording_of("cccccccc") == recording.filename
    assert session.redo("dddddddd") is not None
    assert session.ranges(recording.filename) == (*labels, LabelledRange(6, 9, "Banana"))


def test_a_step_survives_the_file_format() -> None:
    """Writing and reading a step gives the same step."""
    change = Change(3, 7, (LabelledRange(3, 4, "tree"),), (LabelledRange(3, 7, "plank"),))
    step = Step("0123456789abcdef", "video_é.mp4", 7, change, 100, (5, 6))
    assert step_from_json(step.filename, step_to_json(step)) == step


def test_a_line_is_removed_when_what_it_announces_fails(tmp_path: Path) -> None:
    """The file is the same as before, byte for byte."""
    journal = Journal(tmp_path / "folder" / "journal.jsonl")
    with journal.added({"step": 1}):
        pass
    before = journal.path.read_bytes()
    with pytest.raises(OSError, match="full"), journal.added({"step": 2}):
        raise OSError("full")
    assert journal.path.read_bytes() == before
    assert journal.read() == ([{"step": 1}], False)
