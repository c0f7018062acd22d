"""The instrument that says how often the answers for photos are right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import quality
from benchmarks.labelled_photos import Shown, kept_for_the_end, shown_views
from benchmarks.quality import Answered, report, table, wilson
from benchmarks.quality_page import page, thumbnail

OTHER = "other pose or transition"


def answered(label: str, answers: tuple[str, str]) -> list[Answered]:
    """A photo and its mirror image with these answers."""
    shown = Shown("photo.jpg", label, "as it is")
    return [Answered(shown, mirrored, answers[mirrored], 0.9) for mirrored in (False, True)]


def test_views_are_counted_by_label_and_outcome() -> None:
    """Wrong, uncertain and nobody found are different things; so are false poses."""
    found = [
        *answered("front lever", ("front lever", "back lever")),
        *answered("meathook", ("uncertain", "nobody")),
        *answered(OTHER, (OTHER, "l-hang")),
        *answered(OTHER, ("uncertain", "uncertain")),
    ]
    figures = report(found, OTHER)
    poses = figures["rows"]["all poses"]
    assert [poses[outcome] for outcome in quality.OUTCOMES] == [1, 1, 1, 0, 1]
    worst = [(each.answer, each.shown.label) for each in quality.worst(found, OTHER)]
    assert sorted(worst[:2]) == [("back lever", "front lever"), ("l-hang", OTHER)]
    assert worst[2:] == [("uncertain", "meathook"), ("nobody", "meathook")]
    assert figures["rows"]["meathook"]["right"] == 0
    assert figures["others called a pose"]["count"] == 1
    assert figures["same answer in the mirror"] == {
        "count": 1,
        "of": 4,
        "share": 0.25,
        "share_95": [round(bound, 3) for bound in wilson(1, 4)],
    }
    mistakes = [(each["label"], each["answer"]) for each in figures["mistakes"]]
    assert mistakes == [
        ("front lever", "back lever"),
        ("meathook", "uncertain"),
        ("meathook", "nobody"),
        (OTHER, "l-hang"),
    ]
    lines = list(table(figures | {"cpu_ms_per_photo": 98.0, "inferences_per_photo": 4.0}))
    assert any(line.startswith("others called a pose: 1 of 4") for line in lines)


@pytest.mark.parametrize(
    ("hits", "of", "bounds"),
    [(0, 0, (0, 1)), (0, 10, (0, 0.278)), (28, 30, (0.787, 0.982)), (10, 10, (0.722, 1))],
)
def test_few_samples_have_wide_intervals(hits: int, of: int, bounds: tuple[float, float]) -> None:
    """Wilson's interval; the expected values are from its published formula."""
    assert wilson(hits, of) == pytest.approx(bounds, abs=1e-3)


def test_every_photo_is_in_one_part(tmp_path: Path) -> None:
    """The part kept for the end shares no recording with the rest; other data may be absent."""
    names = [f"{number}.jpg" for number in range(12)]
    for folder in ("straps", "straps_real", "yoga", "calisthenics"):
        (tmp_path / folder).mkdir()
    for name in names:
        Image.fromarray(np.full((40, 60, 3), 128, dtype=np.uint8)).save(tmp_path / "straps" / name)
    labels = "".join(f"{name},meathook\n" for name in names)
    (tmp_path / "straps" / "labels.csv").write_text(f"filename,label\n{labels}", encoding="utf-8")
    for path, header in (
        ("straps_real/labels.csv", "filename,label"),
        ("yoga/labels.csv", "path,label,group"),
        ("calisthenics/segments.csv", "filename,label,start_frame,end_frame"),
    ):
        (tmp_path / path).write_text(f"{header}\n", encoding="utf-8")
    parts = [list(shown_views(tmp_path, OTHER, 5, unseen)) for unseen in (False, True)]
    assert [{view.shown.name for view in part} for part in parts] == [
        {name for name in names if kept_for_the_end(name) is unseen} for unseen in (False, True)
    ]
    assert sum(map(len, parts)) == 3 * len(names)
    assert {view.rgb.shape for part in parts for view in part} == {(40, 60, 3)}


def test_it_skips_without_the_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is missing and how to name it."""
    monkeypatch.setenv(quality.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr("sys.argv", ["quality"])
    quality.main()
    assert quality.DATA_VARIABLE in capsys.readouterr().out


def test_the_page_shows_the_worst_answers() -> None:
    """Each with its picture, the answer and what was shown; names are escaped."""
    (one, _) = answered("front lever", ("back lever", "front lever"))
    picture = thumbnail(np.zeros((40, 60, 3), dtype=np.uint8), np.full((33, 5), 0.5, np.float32))
    shown = page(["a & b"], [replace(one, thumbnail=picture)])
    assert "a &amp; b" in shown
    assert "back lever (90%) instead of front lever" in shown
    assert "photo.jpg, as it is" in shown
    assert shown.count("data:image/jpeg;base64,") == 1
