"""Labels from CVAT: its XML formats "CVAT for video 1.1" and "CVAT for images 1.1".

Frames are counted from 0. A tag labels its frame; a track labels every frame in which it is not
outside; any other shape labels the frame it is drawn on. If the pose is an attribute, as is usual
where boxes are drawn around people, the attribute counts and not the name of the box.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from training.errors import LabelError
from training.labels.imports.label_columns import NAMES
from training.labels.known_recordings import KnownRecordings, kind_of
from training.labels.label_claims import LabelClaim, LabelSource
from training.tables.column_names import plain_name

_FRAME_NUMBERS = (
    "CVAT numbers the frames of the task's video. Was the task made from this very recording?"
)


def read_cvat(path: Path, root: ElementTree.Element, known: KnownRecordings) -> LabelSource:
    """The labels of an export.

    Raises:
        LabelError: Its tasks skip frames, so its frame numbers are not those of the recording.
    """
    _require_every_frame(path, root)
    sources = _sources(root)
    claims: list[LabelClaim] = []
    problems, from_attribute = [], 0
    for element in (*root.iter("image"), *root.iter("track")):
        where = f"{element.tag} {element.get('id', '?')}"
        try:
            for claim, attribute in _claims(element, where, sources, known):
                claims.append(claim)
                from_attribute += attribute
        except (ValueError, TypeError) as error:
            problems.append(f"{where}: {error}")
    remark = f"{from_attribute:,} labels are attributes of boxes or tags, not their names."
    remarks = [remark] if from_attribute else []
    return LabelSource(path, claims, problems, remarks, _FRAME_NUMBERS)


def _require_every_frame(path: Path, root: ElementTree.Element) -> None:
    for task in (*root.iter("task"), *root.iter("job")):
        starts_at, every = task.findtext("start_frame"), task.findtext("frame_filter")
        if (starts_at or "0").strip() not in ("0", "") or (every or "").strip() not in (
            "",
            "step=1",
        ):
            raise LabelError(
                f"{path} was made from a part of a video (start_frame {starts_at}, frame_filter "
                f"{every}), so its frame numbers cannot be matched for certain. Make the task from "
                "the whole video."
            )


def _sources(root: ElementTree.Element) -> dict[str, str]:
    """The name of the video or folder that each task was made from; "" is that of an only task."""
    found = {
        task.findtext("id", ""): (task.findtext("source") or task.findtext("name") or "").strip()
        for task in (*root.iter("task"), *root.iter("job"))
    }
    meta = root.find("meta")
    if meta is not None and (source := meta.findtext("source")):
        found[""] = source.strip()
    if len(found) == 1:
        found[""] = next(iter(found.values()))
    return found


def _claims(
    element: ElementTree.Element, where: str, sources: dict[str, str], known: KnownRecordings
) -> Iterator[tuple[LabelClaim, bool]]:
    """Each label of an image or a track, and whether it is an attribute."""
    source = sources.get(element.get("task_id", ""), "")
    if element.tag == "image" and kind_of(source) != "video":
        given = PurePosixPath((element.get("name") or "").replace("\\", "/"))
        for shape in element:
            label, is_attribute = _label(shape, shape.get("label"))
            yield LabelClaim(known.best_match(given), str(given), where, label), is_attribute
        return
    if kind_of(source) != "video":
        raise ValueError(f"its task was made from {source!r}, expected a video")
    given = PurePosixPath(source.replace("\\", "/"))
    recording = known.best_match(given)
    spans = _image_spans(element) if element.tag == "image" else _track_spans(element)
    for first, last, label, is_attribute in spans:
        yield LabelClaim(recording, str(given), where, label, first, last), is_attribute


def _image_spans(image: ElementTree.Element) -> Iterator[tuple[int, int, str, bool]]:
    frame = _frame(image.get("id"))
    for shape in image:
        yield frame, frame, *_label(shape, shape.get("label"))


def _track_spans(track: ElementTree.Element) -> Iterator[tuple[int, int, str, bool]]:
    """A shape holds until the next one of its track; CVAT writes all frames, others only some."""
    shapes = sorted(track, key=lambda shape: _frame(shape.get("frame")))
    following = [_frame(shape.get("frame")) for shape in shapes[1:]]
    for number, shape in enumerate(shapes):
        if shape.get("outside", "0") == "1":
            continue
        first = _frame(shape.get("frame"))
        last = following[number] - 1 if number < len(following) else first
        yield first, max(first, last), *_label(shape, track.get("label"))


def _label(shape: ElementTree.Element, name: str | None) -> tuple[str, bool]:
    for attribute in shape.findall("attribute"):
        if plain_name(attribute.get("name") or "") in NAMES["label"] and attribute.text:
            return attribute.text.strip(), True
    if not name:
        raise ValueError(f"a {shape.tag} has no label")
    return name, False


def _frame(text: str | None) -> int:
    if text is None or not text.isdecimal():
        raise ValueError(f"expected a frame number from 0, got {text!r}")
    return int(text)
