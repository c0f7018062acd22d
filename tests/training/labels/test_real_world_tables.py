"""Label files as other tools write them are read rightly, or refused with what to do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training.data.tables import KNOWN, add_landmarks, folders, quietly, random_track
from tests.training.labels.test_label_import import LIMITS
from training.errors import LabelError
from training.labels.imports.label_columns import LabelColumns
from training.labels.imports.label_csv import TableReading
from training.labels.imports.label_import import ImportRequest, import_labels
from training.labels.label_tables import read_labels
from training.params import DataParams

# Both recordings have 60 frames at 30 per second; the photos are recordings of one frame.
FRAMES = 60
EXPECTED = {"video_a": [(0, 14, "other"), (15, 44, "meathook")], "video_b": [(30, 59, "other")]}
WHOLE = {"video_a": [(0, 59, "other")], "video_b": [(0, 59, "meathook")]}
PHOTOS = {"photo_1": [(0, 0, "other")], "photo_2": [(0, 0, "meathook")]}
RANGES = (("a.mp4", "other", 0, 14), ("a.mp4", "meathook", 15, 44), ("b.mp4", "other", 30, 59))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataParams:
    """Two videos and two photos, known by their landmark tables."""
    data = folders(tmp_path_factory.mktemp("project"))
    for seed, name in enumerate(("a.mp4", "b.mp4", "Übung.mp4")):
        add_landmarks(data, "video", random_track(name, seed, FRAMES))
    for seed, name in enumerate(("1.jpg", "2.jpg")):
        add_landmarks(data, "photo", random_track(name, seed, 1))
    return data


def imported(
    source: Path, data: DataParams, labels: Path, **reading: Any
) -> dict[str, list[tuple[int, int, str]]]:
    """The ranges of every label table that an import writes."""
    fresh = data.model_copy(update={"labels": labels})
    request = ImportRequest(source, reading=TableReading(**reading))
    import_labels(request, fresh, KNOWN, LIMITS, quietly)
    found = {}
    for path in sorted(labels.glob("*_labeled.csv")):
        ranges = read_labels(path, KNOWN).ranges
        name = path.name.removesuffix("_labeled.csv")
        found[name] = [(one.first, one.last, one.label) for one in ranges]
    return found


def frames(separator: str, header: str, exclusive: int = 0, first: int = 0) -> str:
    """A table of ranges of frames."""
    rows = [
        [name, label, start + first, end + first + exclusive] for name, label, start, end in RANGES
    ]
    return table(separator, header, rows)


def times(
    separator: str, header: str, sign: str = ".", scale: int = 1, duration: bool = False
) -> str:
    """A table of ranges of time."""
    rows = []
    for name, label, start, end in RANGES:
        span = end + 1 - (start if duration else 0)
        texts = (f"{number / 30 * scale:.3f}".replace(".", sign) for number in (start, span))
        rows.append([name, label, *texts])
    return table(separator, header, rows)


def table(separator: str, header: str, rows: list[list[Any]]) -> str:
    """Lines with a separator; the header is written with commas."""
    lines = [header.split(","), *rows]
    return "".join(separator.join(map(str, line)) + "\n" for line in lines)


def label_studio(**fields: Any) -> dict[str, Any]:
    """What Label Studio adds to a flattened task."""
    return {"annotation_id": 1, "annotator": 1, "id": 1, "lead_time": 2.5} | fields


TIMELINE_A = [
    {"ranges": [{"start": 1, "end": 15}], "timelinelabels": ["other"]},
    {"ranges": [{"start": 16, "end": 45}], "timelinelabels": ["meathook"]},
]
TIMELINE_B = [{"ranges": [{"start": 31, "end": 60}], "timelinelabels": ["other"]}]
LABEL_STUDIO_CSV = (
    "video,id,timeline,annotator,annotation_id,created_at,updated_at,lead_time\n"
    f'/data/upload/1/0a1b2c3d-a.mp4,1,"{json.dumps(TIMELINE_A).replace(chr(34), chr(34) * 2)}",1,1,'
    "2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,3.2\n"
    f'/data/upload/1/0a1b2c3d-b.mp4,2,"{json.dumps(TIMELINE_B).replace(chr(34), chr(34) * 2)}",1,2,'
    "2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,3.2\n"
)
COCO = {
    "info": {},
    "images": [
        {"id": 7, "file_name": "images/1.jpg", "width": 8, "height": 8},
        {"id": 8, "file_name": "2_jpg.rf.0f3a9b2c4d5e6f70.jpg"},
        {"id": 9, "file_name": "2.jpg"},
    ],
    "categories": [{"id": 0, "name": "other"}, {"id": 3, "name": "meathook"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 0, "bbox": [0, 0, 4, 4]},
        {"id": 2, "image_id": 9, "category_id": 3, "keypoints": [1, 1, 2]},
    ],
}


def boris_events() -> Iterator[list[Any]]:
    """Rows of BORIS's tabular events."""
    for name, label, start, end in RANGES:
        for what, frame in (("START", start), ("STOP", end + 1)):
            facts = ["session 1", "2026-01-05 10:00:00", "", 2.0, "Media file(s)", "player #1", 0.0]
            rest = [2.0, 30.0, "", 2.0, label, "", what, f"{frame / 30:.3f}", f"C:/clips/{name}"]
            yield [*facts, *rest, frame, ""]


BORIS_TABULAR_HEADER = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,"
    "Time offset (s),Media duration (s),FPS,Subject,Observation duration by subject by observation,"
    "Behavior,Behavioral category,Behavior type,Time,Media file name,Image index,Comment"
)
BORIS_AGGREGATED_HEADER = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,"
    "Time offset (s),Media duration (s),FPS (frame/s),Subject,Behavior,Behavioral category,"
    "Behavior type,Start (s),Stop (s),Duration (s),Media file name,Image index start,"
    "Image index stop,Comment start,Comment stop"
)


def boris_aggregated(sign: str = ".") -> list[list[Any]]:
    """Rows of BORIS's aggregated events."""
    rows = []
    for name, label, start, end in RANGES:
        facts = ["one", "2026-01-05", "", 2, "Media file(s)", "player", 0, 2, 30, "Ann", label, ""]
        texts = [
            f"{frame / 30:.3f}".replace(".", sign) for frame in (start, end + 1, end + 1 - start)
        ]
        rows.append([*facts, "STATE", *texts, f"clips/{name}", start, end, "", ""])
    return rows


BORIS_PROJECT = {
    "time_format": "hh:mm:ss",
    "project_format_version": "7.0",
    "behaviors_conf": {
        "0": {"type": "State event", "code": "other"},
        "1": {"type": "State event", "code": "meathook"},
        "2": {"type": "Point event", "code": "slip"},
    },
    "observations": {
        name: {
            "file": {"1": [f"/home/ann/{name}"], "2": []},
            "type": "MEDIA",
            "time offset": 0.0,
            "events": [
                [time, "", label, "", "", 1]
                for given, label, start, end in RANGES
                if given == name
                for time in (start / 30, (end + 1) / 30)
            ]
            + [[0.7, "", "slip", "", "", 2]],
        }
        for name in ("a.mp4", "b.mp4")
    },
}


def cvat_video(extra: str = "", all_frames: bool = True) -> str:
    """CVAT for video 1.1: boxes of a track for each label, as CVAT or as a script writes them."""
    tracks = []
    for number, (_, label, start, end) in enumerate(RANGES[:2]):
        listed = range(start, end + 1) if all_frames else (start,)
        boxes = "".join(f'<box frame="{frame}" outside="0" xtl="1"/>' for frame in listed)
        tracks.append(
            f'<track id="{number}" label="{label}">{boxes}'
            f'<box frame="{end + 1}" outside="1"/></track>'
        )
    return (
        f"<annotations><version>1.1</version><meta><task><id>4</id><name>Monday</name>{extra}"
        f"<source>a.mp4</source></task></meta>{''.join(tracks)}</annotations>"
    )


def elan(tiers: str, media: str = "a.mp4", origin: str = "") -> str:
    """An ELAN document with times for the ranges of a.mp4."""
    slots = {"ts1": 0, "ts2": 500, "ts3": 1500, "ts4": 2000}
    order = "".join(f'<TIME_SLOT TIME_SLOT_ID="{k}" TIME_VALUE="{v}"/>' for k, v in slots.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT>'
        '<HEADER TIME_UNITS="milliseconds">'
        f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/{media}" MIME_TYPE="video/mp4"{origin}/>'
        f"</HEADER><TIME_ORDER>{order}</TIME_ORDER>{tiers}</ANNOTATION_DOCUMENT>"
    )


def tier(name: str, *annotations: tuple[str, str, str]) -> str:
    """A tier of an ELAN document."""
    inner = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" TIME_SLOT_REF1="{first}" '
        f'TIME_SLOT_REF2="{last}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for number, (first, last, text) in enumerate(annotations)
    )
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="default-lt">{inner}</TIER>'


POSES = (("ts1", "ts2", "other"), ("ts2", "ts3", "meathook"))
A = {"video_a": EXPECTED["video_a"]}

# File name, content, and what it says; text is UTF-8 unless it is bytes.
READ: dict[str, tuple[str, str | bytes, dict[str, Any]]] = {
    "the project's own": ("l.csv", frames(",", "path,label,first_frame,last_frame"), EXPECTED),
    "start_frame and end_frame": (
        "l.csv",
        frames(",", "video,class,start_frame,end_frame"),
        EXPECTED,
    ),
    "camel case": ("l.csv", frames(",", "fileName,label,startFrame,endFrame"), EXPECTED),
    "German Excel": (
        "l.csv",
        b"\xef\xbb\xbf" + frames(";", "Path,Label,First frame,Last frame").encode(),
        EXPECTED,
    ),
    "French Excel, seconds with commas": (
        "l.csv",
        times(";", "file,label,start_s,end_s", ","),
        EXPECTED,
    ),
    "British Excel, seconds": ("l.csv", times(",", "filename,label,start,end"), EXPECTED),
    "Brazilian Excel in Windows-1252": (
        "l.csv",
        "file;label;start_s;end_s\nÜbung.mp4;other;0,0;1,5\n".encode("cp1252"),
        {"video_Übung": [(0, 44, "other")]},
    ),
    "Excel's Unicode text": (
        "l.txt",
        frames("\t", "file,label,first frame,last frame").encode("utf-16"),
        EXPECTED,
    ),
    "Excel's separator line": (
        "l.csv",
        "sep=;\n" + frames(";", "path,label,first_frame,last_frame"),
        EXPECTED,
    ),
    "tabs": ("l.tsv", frames("\t", "video,behaviour,start_frame,end_frame"), EXPECTED),
    "vertical bars": ("l.txt", frames("|", "video,pose,start_frame,end_frame"), EXPECTED),
    "Windows line ends": (
        "l.csv",
        frames(",", "path,label,first_frame,last_frame").replace("\n", "\r\n"),
        EXPECTED,
    ),
    "spreadsheet with empty columns and rows": (
        "l.csv",
        "path;label;;\na.mp4;other;;\n;;;\nb.mp4;meathook;;\n\n;;;\n",
        WHOLE,
    ),
    "pandas with empty cells": (
        "l.csv",
        "filename,label,first_frame,last_frame\na.mp4,other,0.0,14.0\na.mp4,meathook,15.0,44.0\n"
        "b.mp4,other,30.0,59.0\n1.jpg,other,,\n",
        EXPECTED | {"photo_1": [(0, 0, "other")]},
    ),
    "a quoted name with a comma in it": (
        "l.csv",
        'path,label,note\n"a.mp4",other,"slow, low"\n"b.mp4","meathook",\n',
        WHOLE,
    ),
    "durations": ("l.csv", times(",", "file,label,onset,duration", duration=True), EXPECTED),
    "milliseconds": ("l.csv", times(",", "file,label,start_ms,end_ms", scale=1000), EXPECTED),
    "hours and minutes": (
        "l.csv",
        "file,label,start_time,end_time\na.mp4,other,00:00:00.000,00:00:00.500\n"
        "a.mp4,meathook,0:00.5,0:01.5\nb.mp4,other,0:01,00:00:02\n",
        EXPECTED,
    ),
    "a row per frame": (
        "l.csv",
        "frame,video,label,fps\n" + "".join(f"{n},a.mp4,other,30\n" for n in range(FRAMES)),
        {"video_a": [(0, 59, "other")]},
    ),
    "names with their kind": (
        "l.csv",
        "filename,label\nvideo_a.mp4,other\nphoto_2.jpg,meathook\n",
        {"video_a": [(0, 59, "other")], "photo_2": [(0, 0, "meathook")]},
    ),
    "paths of another machine with backslashes": (
        "l.csv",
        "path,label\n1.jpg,other\n2.jpg,meathook\n",
        PHOTOS,
    ),
    "Label Studio JSON": (
        "l.json",
        json.dumps(
            [
                {
                    "id": 1,
                    "data": {"video": f"/data/upload/1/0a1b2c3d-{name}"},
                    "annotations": [
                        {
                            "result": [
                                {"type": "timelinelabels", "value": value} for value in timeline
                            ]
                        }
                    ],
                }
                for name, timeline in (("a.mp4", TIMELINE_A), ("b.mp4", TIMELINE_B))
            ]
        ),
        EXPECTED,
    ),
    "Label Studio JSON, labels on the sound": (
        "l.json",
        json.dumps(
            [
                {
                    "id": 1,
                    "data": {"audio": "a.mp4"},
                    "annotations": [
                        {
                            "result": [
                                {
                                    "type": "labels",
                                    "value": {
                                        "start": start / 30,
                                        "end": (end + 1) / 30,
                                        "channel": 0,
                                        "labels": [label],
                                    },
                                }
                                for name, label, start, end in RANGES
                                if name == "a.mp4"
                            ]
                        }
                    ],
                }
            ]
        ),
        A,
    ),
    "Label Studio JSON, tracked rectangles": (
        "l.json",
        json.dumps(
            [
                {
                    "id": 1,
                    "data": {"video": "a.mp4"},
                    "annotations": [
                        {
                            "result": [
                                {
                                    "type": "videorectangle",
                                    "value": {
                                        "framesCount": 60,
                                        "labels": ["other"],
                                        "sequence": [
                                            {"frame": 1, "enabled": True},
                                            {"frame": 15, "enabled": False},
                                        ],
                                    },
                                }
                            ]
                        }
                    ],
                }
            ]
        ),
        {"video_a": [(0, 14, "other")]},
    ),
    "Label Studio JSON-MIN": (
        "l.json",
        json.dumps(
            [
                label_studio(video="/data/upload/1/0a1b2c3d-a.mp4", timeline=TIMELINE_A),
                label_studio(video="/data/upload/1/0a1b2c3d-b.mp4", timeline=TIMELINE_B),
            ]
        ),
        EXPECTED,
    ),
    "Label Studio JSON-MIN, choices": (
        "l.json",
        json.dumps(
            [
                label_studio(image="s3://x/1.jpg", choice="other"),
                label_studio(image="2.jpg", choice={"choices": ["meathook"]}),
            ]
        ),
        PHOTOS,
    ),
    "Label Studio CSV": ("l.csv", LABEL_STUDIO_CSV, EXPECTED),
    "COCO": ("l.json", json.dumps(COCO), PHOTOS),
    "BORIS tabular events": (
        "l.csv",
        table(",", BORIS_TABULAR_HEADER, list(boris_events())),
        EXPECTED,
    ),
    "BORIS tabular events, tabs": (
        "l.tsv",
        table("\t", BORIS_TABULAR_HEADER, list(boris_events())),
        EXPECTED,
    ),
    "BORIS aggregated events": (
        "l.csv",
        table(",", BORIS_AGGREGATED_HEADER, boris_aggregated()),
        EXPECTED,
    ),
    "BORIS aggregated events, saved by a spreadsheet": (
        "l.csv",
        table(";", BORIS_AGGREGATED_HEADER, boris_aggregated(",")),
        EXPECTED,
    ),
    "BORIS project": ("l.boris", json.dumps(BORIS_PROJECT), EXPECTED),
    "CVAT for video": ("l.xml", cvat_video(), A),
    "CVAT for video, keyframes only": ("l.xml", cvat_video(all_frames=False), A),
    "CVAT for images, frames of a video": (
        "l.xml",
        "<annotations><meta><job><id>1</id><source>a.mp4</source></job></meta>"
        + "".join(
            f'<image id="{n}" name="frame_{n:06}"><tag label="other"/></image>' for n in range(5)
        )
        + "</annotations>",
        {"video_a": [(0, 4, "other")]},
    ),
    "CVAT for images, photos with a pose as attribute": (
        "l.xml",
        '<annotations><meta><task><id>1</id><source/></task></meta><image id="0" name="x/1.jpg">'
        '<box label="person"><attribute name="Pose">other</attribute></box></image>'
        '<image id="1" name="2.jpg">'
        '<tag label="meathook"/></image></annotations>',
        PHOTOS,
    ),
    "ELAN": ("l.eaf", elan(tier("poses", *POSES) + tier("holds", ("ts2", "ts3", "meathook"))), A),
    "ELAN, a tier of its own name": (
        "l.eaf",
        elan(tier("Ann", *POSES) + tier("notes", ("ts1", "ts4", "nice"))),
        A,
    ),
    "ELAN, uncertain stretches": (
        "l.eaf",
        elan(tier("poses", *POSES, ("ts3", "ts4", "uncertain"))),
        A,
    ),
}

# File name, content, and what the message says.
REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "a row cut short": (
        "l.csv",
        "path,label,first_frame,last_frame\na.mp4,other\n",
        "line 2 has 2 cells instead of 4",
    ),
    "a row too long": ("l.csv", "path,label\na.mp4,other,5,9\n", "line 2 has 4 cells instead of 2"),
    "a quote that is not closed": (
        "l.csv",
        'path,label\na.mp4,"other\nb.mp4,meathook\n',
        "line 2: a quote",
    ),
    "a quote closed lines later": (
        "l.csv",
        'path,label\na.mp4,"other\nb.mp4,meathook"\n',
        "line 2: a quoted text contains a line break",
    ),
    "start and end as whole numbers": (
        "l.csv",
        "path,label,start,end\na.mp4,other,0,1\n",
        "may be frames or seconds",
    ),
    "only a start": ("l.csv", "path,label,start_frame\na.mp4,other,0\n", "where is the last frame"),
    "a column that may be a time": (
        "l.csv",
        "path,label,zeitpunkt_sec\na.mp4,other,3\n",
        "may hold frames or times",
    ),
    "a timecode": (
        "l.csv",
        "path,label,start_tc,end_tc\na.mp4,other,00:00:00:00,00:00:01:12\n",
        "may hold frames or times",
    ),
    "thousands or decimals": (
        "l.csv",
        "path;label;start_s;end_s\na.mp4;other;0;1.500\n",
        "may be a thousand",
    ),
    "both decimal signs": (
        "l.csv",
        "path;label;start_s;end_s\na.mp4;other;0,5;1.5\n",
        "both . and ,",
    ),
    "a thousand frames": (
        "l.csv",
        "path;label;first_frame;last_frame\na.mp4;other;0;1.000\n",
        "'1.000' is not a whole number",
    ),
    "half a frame": (
        "l.csv",
        "path,label,first_frame,last_frame\na.mp4,other,0,1.5\n",
        "'1.5' is not a whole number",
    ),
    "times after the end": (
        "l.csv",
        "path,label,start_s,end_s\na.mp4,other,0,600\n",
        "which lasts 2.00 s",
    ),
    "frames as seconds": (
        "l.csv",
        "path,label,start_s,end_s\na.mp4,other,15,44\n",
        "which lasts 2.00 s",
    ),
    "ranges that touch": (
        "l.csv",
        frames(",", "path,label,start_frame,end_frame", 1),
        "--end-exclusive",
    ),
    "two columns of paths": (
        "l.csv",
        "video,file,label\na.mp4,b.mp4,other\n",
        "could each be the path",
    ),
    "two columns of one name": (
        "l.csv",
        "path,label,label\na.mp4,other,meathook\n",
        "several columns named 'label'",
    ),
    "a title above the header": (
        "l.csv",
        "My labels\n\npath,label\na.mp4,other\n",
        "header seems to be in line 3",
    ),
    "a header only": ("l.csv", "path,label\n", "a header but no rows"),
    "an empty file": ("l.csv", "", "is empty"),
    "a spreadsheet": ("l.xlsx", b"PK\x03\x04", "CSV UTF-8"),
    "a spreadsheet named .csv": ("l.csv", b"PK\x03\x04rest", "is a spreadsheet"),
    "UTF-16 without a mark": (
        "l.csv",
        "path,label\na.mp4,other\n".encode("utf-16-le"),
        "zero bytes",
    ),
    "no text": ("l.csv", b"path,label\n\x81\x8d\xff,other\n", "line 2: this is neither UTF-8"),
    "an unknown label": ("l.csv", "path,label\na.mp4,Meathook\n", "did you mean 'meathook'"),
    "COCO with people": (
        "l.json",
        json.dumps(
            COCO | {"categories": [{"id": 0, "name": "person"}, {"id": 3, "name": "person"}]}
        ),
        "'person' (2×)",
    ),
    "COCO with two poses in a photo": (
        "l.json",
        json.dumps(
            COCO
            | {
                "annotations": [
                    {"image_id": 7, "category_id": 0},
                    {"image_id": 7, "category_id": 3},
                ]
            }
        ),
        "are both",
    ),
    "CVAT with a step": (
        "l.xml",
        cvat_video("<frame_filter>step=5</frame_filter>"),
        "part of a video",
    ),
    "ELAN with an offset": (
        "l.eaf",
        elan(tier("poses", *POSES), origin=' TIME_ORIGIN="1200"'),
        "TIME_ORIGIN",
    ),
    "ELAN without labels": (
        "l.eaf",
        elan(tier("notes", ("ts1", "ts2", "nice"))),
        "no tier of labels",
    ),
    "ELAN with a misspelt label": (
        "l.eaf",
        elan(tier("poses", ("ts1", "ts2", "meathok"))),
        "did you mean",
    ),
    "XML of something else": ("l.xml", "<html/>", "neither an export of CVAT"),
    "BORIS with a stop missing": (
        "l.csv",
        table(",", BORIS_TABULAR_HEADER, list(boris_events())[:-1]),
        "never stops",
    ),
    "a BORIS observation of two videos": (
        "l.boris",
        json.dumps(
            BORIS_PROJECT
            | {"observations": {"x": {"file": {"1": ["a.mp4", "b.mp4"]}, "events": []}}}
        ),
        "expected one media file, got 2",
    ),
    "JSON of something else": ("l.json", '{"a": 1}', "not an export of Label Studio"),
    "an image": ("l.png", b"\x89PNG", "not a source of labels"),
}


@pytest.mark.parametrize("name", READ)
def test_it_is_read_rightly(name: str, data: DataParams, tmp_path: Path) -> None:
    """Every frame has the label that the file gives it, and no other frame has one."""
    file, content, expected = READ[name]
    source = write(tmp_path / file, content)
    assert imported(source, data, tmp_path / "labels") == expected


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_helpfully(name: str, data: DataParams, tmp_path: Path) -> None:
    """The message names the file and what is wrong; nothing is written."""
    file, content, message = REFUSED[name]
    source = write(tmp_path / file, content)
    with pytest.raises(LabelError) as raised:
        imported(source, data, tmp_path / "labels")
    assert file in str(raised.value)
    assert message in str(raised.value)
    assert not (tmp_path / "labels").exists()


def write(path: Path, content: str | bytes) -> Path:
    """A file, byte for byte."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("reading", "content"),
    [
        ({"end_exclusive": True}, frames(",", "path,label,start_frame,end_frame", 1)),
        ({"frames_from": 1}, frames(",", "path,label,start_frame,end_frame", first=1)),
        (
            {"columns": LabelColumns(path="wer", label="was", start="von", end="bis")},
            times(";", "wer,was,von,bis", ","),
        ),
        (
            {"ignored": ["start_tc", "end_tc"]},
            "path,label,first_frame,last_frame,start_tc,end_tc\n"
            + "".join(f"{name},{label},{start},{end},x,y\n" for name, label, start, end in RANGES),
        ),
    ],
    ids=["ends before its last frame", "frames from 1", "named columns", "ignored columns"],
)
def test_what_names_do_not_say_can_be_said(
    reading: dict[str, Any], content: str, data: DataParams, tmp_path: Path
) -> None:
    """Options answer the questions that a message asks."""
    source = write(tmp_path / "l.csv", content)
    assert imported(source, data, tmp_path / "labels", **reading) == EXPECTED


def test_unused_columns_and_readings_are_said(data: DataParams, tmp_path: Path) -> None:
    """A person sees how each column was understood."""
    source = write(
        tmp_path / "l.csv", "video,class,end_frame,start_frame,coach\na.mp4,other,9,0,Ann\n"
    )
    fresh = data.model_copy(update={"labels": tmp_path / "labels"})
    warnings = import_labels(ImportRequest(source), fresh, KNOWN, LIMITS, quietly).warnings
    said = "\n".join(warnings)
    assert "video = path, class = label, start_frame = first frame, end_frame = last frame" in said
    assert "not used: coach" in said
    assert "--end-exclusive" in said
