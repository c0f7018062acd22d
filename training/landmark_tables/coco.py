"""COCO keypoints JSON: images, annotations with ``keypoints``, and a category that names them.

x and y are in pixels, with a flag: 0 not labelled, 1 hidden, 2 visible. Depth is not carried, and
of the visibility only the flag.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.errors import TrainingError
from training.landmark_tables.markers import Markers, times_of

COCO_NAMES: tuple[str, ...] = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)
_HIDDEN, _VISIBLE = 1, 2
# A hidden point is a guess, as a landmark of low visibility is.
_CONFIDENCE = {0: np.nan, _HIDDEN: 0.25, _VISIBLE: 1.0}
_SURE = 0.5


def read_coco(path: Path) -> tuple[Markers, list[str]]:
    """Read a file: its images, in order, are the frames of one recording.

    Raises:
        TrainingError: It is damaged, or something else.
    """
    remarks = []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        images = sorted(
            content["images"], key=lambda image: (image.get("frame_id", 0), image["id"])
        )
        names = tuple(content.get("categories", [{}])[0].get("keypoints", COCO_NAMES))
        sizes = {(int(image["width"]), int(image["height"])) for image in images}
        best, several = _annotations(content["annotations"], len(names))
        positions = np.full((len(images), len(names), 3), np.nan)
        confidence = np.full((len(images), len(names)), np.nan)
        for row, image in enumerate(images):
            if image["id"] in best:
                keypoints = np.array(best[image["id"]], dtype=np.float64).reshape(-1, 3)
                flags = keypoints[:, 2].astype(int)
                confidence[row] = [_CONFIDENCE.get(flag, np.nan) for flag in flags]
                known = flags > 0
                positions[row, known, :2] = keypoints[known, :2]
                positions[row, known, 2] = 0.0
        times = [image.get("time_s") for image in images]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise TrainingError(
            f"{path} cannot be read as COCO keypoints ({type(error).__name__}: {error}). Expected "
            "images, annotations with keypoints, and categories."
        ) from error
    if len(sizes) != 1:
        raise TrainingError(
            f"{path} has images of {len(sizes)} sizes; expected the frames of one recording."
        )
    if several:
        remarks.append(f"{several} images have several people; the surest or largest was taken.")
    given = all(isinstance(time_s, int | float) for time_s in times)
    times_s = np.array(times, dtype=np.float64) if given else None
    recording = str(content.get("info", {}).get("recording", ""))
    return (
        Markers(names, times_s, positions, confidence, "pixels", sizes.pop(), recording),
        remarks,
    )


def _annotations(annotations: Any, n_names: int) -> tuple[dict[Any, Any], int]:
    """The keypoints of one person per image, and the number of images with several."""
    best: dict[Any, tuple[float, float]] = {}
    keypoints: dict[Any, Any] = {}
    several = set()
    for annotation in annotations:
        values = annotation.get("keypoints") or []
        if len(values) != 3 * n_names:
            raise ValueError(f"an annotation has {len(values)} numbers, expected {3 * n_names}")
        image = annotation["image_id"]
        rank = float(annotation.get("score", 0)), float(annotation.get("area", 0))
        if image in best:
            several.add(image)
        if rank > best.get(image, (-1.0, -1.0)):
            best[image], keypoints[image] = rank, values
    return keypoints, len(several)


def write_coco(markers: Markers, path: Path) -> None:
    """Write a file with all 33 landmarks as the keypoints of its category.

    Raises:
        TrainingError: The markers are metric.
    """
    if markers.space != "pixels" or markers.size is None or markers.confidence is None:
        raise TrainingError(f"{path.name}: COCO keypoints are in pixels.")
    width, height = markers.size
    images, annotations = [], []
    for row, time_s in enumerate(times_of(markers).tolist()):
        name = f"{Path(markers.recording).stem}_{row:06d}.jpg"
        image: dict[str, Any] = {"id": row, "file_name": name, "width": width, "height": height}
        images.append(image | {"frame_id": row, "time_s": time_s})
        xy = markers.positions[row, :, :2]
        if np.isnan(xy).all():
            continue
        annotations.append(_annotation(row, xy, markers.confidence[row]))
    category = {"id": 1, "name": "person", "keypoints": [name.lower() for name in markers.names]}
    content = {
        "info": {"recording": markers.recording},
        "images": images,
        "annotations": annotations,
        "categories": [category | {"skeleton": []}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def _annotation(image: int, xy: Any, confidence: Any) -> dict[str, Any]:
    known = ~np.isnan(xy).any(axis=1)
    keypoints: list[float] = []
    for point, sure, seen in zip(xy.tolist(), (confidence >= _SURE).tolist(), known, strict=True):
        keypoints += [*point, _VISIBLE if sure else _HIDDEN] if seen else [0, 0, 0]
    low, high = xy[known].min(axis=0), xy[known].max(axis=0)
    box = [*low.tolist(), *(high - low).tolist()]
    return {
        "id": image,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": int(known.sum()),
        "bbox": box,
        "area": box[2] * box[3],
    }
