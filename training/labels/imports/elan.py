"""Labels from ELAN documents (``.eaf``), which the service exports as well.

Times are milliseconds from the start of the video. The labels are taken from the tier ``poses``, or
from the tiers that hold nothing but known labels.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from shared_features.classify.timeline import NO_PERSON, UNCERTAIN
from training.errors import LabelError
from training.labels.known_recordings import KnownRecordings, kind_of
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import listed

_POSE_TIERS = ("poses", "pose", "labels", "label")
_NO_LABELS = {UNCERTAIN, NO_PERSON, ""}


def read_elan(
    path: Path, root: ElementTree.Element, known: KnownRecordings, known_labels: Sequence[str]
) -> LabelSource:
    """The annotations of the tiers that hold labels.

    Raises:
        LabelError: The document names no video, or no tier with labels can be told from others.
    """
    given = _media(path, root)
    recording = known.best_match(given)
    tiers = {tier.get("TIER_ID") or "": tier for tier in root.iter("TIER")}
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    chosen = _chosen(path, tiers, known_labels)
    claims, problems, without = [], [], 0
    for name in chosen:
        for annotation in tiers[name].iter("ALIGNABLE_ANNOTATION"):
            label = _text(annotation)
            where = f"tier {name!r}, {annotation.get('ANNOTATION_ID', 'annotation')}"
            if label in _NO_LABELS:
                without += 1
                continue
            try:
                start_s, end_s = _times_s(annotation, slots)
            except ValueError as error:
                problems.append(f"{where}: {error}")
                continue
            claims.append(
                LabelClaim(recording, str(given), where, label, start_s=start_s, end_s=end_s)
            )
    remarks = []
    if others := [name for name in tiers if name not in chosen]:
        remarks.append(f"Tiers that were not read: {listed(others)}.")
    if without:
        remarks.append(
            f"{without:,} annotations without a label ({UNCERTAIN}, {NO_PERSON} or empty)."
        )
    return LabelSource(path, claims, problems, remarks)


def _media(path: Path, root: ElementTree.Element) -> PurePosixPath:
    """The video of a document, matched by name as it may have been moved."""
    found = {}
    for media in root.iter("MEDIA_DESCRIPTOR"):
        if (media.get("TIME_ORIGIN") or "0") not in ("", "0"):
            raise LabelError(
                f"{path} shifts its video by {media.get('TIME_ORIGIN')} ms (TIME_ORIGIN), so its "
                "times are not those of the video. Remove the offset in ELAN."
            )
        address = media.get("RELATIVE_MEDIA_URL") or media.get("MEDIA_URL") or ""
        file = PurePosixPath(unquote(urlsplit(address.replace("\\", "/")).path))
        if kind_of(file.name) == "video":
            found[file.name] = file
    if len(found) != 1:
        raise LabelError(
            f"{path} belongs to {len(found)} videos ({listed(found) or 'none'}), expected one. "
            "Link the recording alone (Edit, Linked Files)."
        )
    return next(iter(found.values()))


def _chosen(
    path: Path, tiers: Mapping[str, ElementTree.Element], known_labels: Sequence[str]
) -> list[str]:
    named = [name for name in tiers if name.strip().lower() in _POSE_TIERS]
    if named:
        return named
    filled = {name: set(_values(tier)) - _NO_LABELS for name, tier in tiers.items()}
    fitting = [name for name, values in filled.items() if values and values <= set(known_labels)]
    if fitting:
        return fitting
    held = [f"{name} ({listed(sorted(values), 3)})" for name, values in filled.items() if values]
    raise LabelError(
        f"{path} has no tier of labels: expected one named `poses`, or one that holds only labels "
        f"of params.yaml ({', '.join(known_labels)}). Its tiers: {listed(held) or 'none'}."
    )


def _values(tier: ElementTree.Element) -> Iterable[str]:
    return map(_text, tier.iter("ALIGNABLE_ANNOTATION"))


def _text(annotation: ElementTree.Element) -> str:
    return (annotation.findtext("ANNOTATION_VALUE") or "").strip()


def _times_s(
    annotation: ElementTree.Element, slots: Mapping[str | None, str | None]
) -> Iterator[float]:
    for slot in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"):
        value = slots.get(annotation.get(slot))
        if value is None or not value.isdecimal():
            raise ValueError("it has no time in milliseconds; align it in ELAN")
        yield int(value) / 1000
