"""Labels from a COCO file: the category of the annotations on each photo.

COCO Annotator, CVAT, Label Studio, Roboflow and FiftyOne write it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from training.errors import LabelError
from training.labels.imports.json_file import UNEXPECTED
from training.labels.known_recordings import KnownRecordings
from training.labels.label_claims import LabelClaim, LabelSource


def is_coco(content: Any) -> bool:
    """Whether JSON content has the tables of a COCO file."""
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= set(content)


def read_coco(path: Path, content: Mapping[str, Any], known: KnownRecordings) -> LabelSource:
    """The category of every annotated image.

    Raises:
        LabelError: The tables cannot be read.
    """
    try:
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        images = {image["id"]: str(image["file_name"]) for image in content["images"]}
        annotations = list(content["annotations"])
    except UNEXPECTED as error:
        raise LabelError(
            f"{path} is not a COCO file ({error!r}): expected `images` with `id` and `file_name`, "
            "`categories` with `id` and `name`, and `annotations`."
        ) from error
    claims: list[LabelClaim] = []
    problems = []
    for number, annotation in enumerate(annotations, 1):
        try:
            claims += _claims(annotation, number, names, images, known)
        except UNEXPECTED as error:
            problems.append(f"annotation {number} cannot be read ({error!r})")
    labelled = {claim.given for claim in claims}
    without = len(set(images.values()) - labelled)
    remark = f"Images without an annotation: {without:,} of {len(images):,}."
    return LabelSource(path, claims, problems, [remark] if without else [])


def _claims(
    annotation: Mapping[str, Any],
    number: int,
    names: Mapping[Any, str],
    images: Mapping[Any, str],
    known: KnownRecordings,
) -> Iterator[LabelClaim]:
    given = images[annotation["image_id"]].replace("\\", "/")
    where = f"annotation {annotation.get('id', number)}"
    yield LabelClaim(
        known.best_match(PurePosixPath(given)), given, where, names[annotation["category_id"]]
    )
