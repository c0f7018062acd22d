"""The timeline as an ELAN document (``.eaf``), for annotation by hand.

It has tiers, in milliseconds of the video: all segments, without gaps; the holds alone; their
scores. ELAN finds the video if it is in the folder of the document under its original name.
"""

import re
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from pympi.Elan import Eaf, to_adocument

from serving.analysis import Analysis
from serving.exports.scores import score_words
from shared_features.classify.timeline import Segment

POSE_TIER, HOLD_TIER, SCORE_TIER = "poses", "holds", "scores"
_AUTHOR = "straps-serve"
# A document must have a date; a fixed one keeps the bytes reproducible.
_DATE = "1970-01-01T00:00:00+00:00"
_MIME_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".avi": "video/x-msvideo",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}
# Characters that XML 1.0 does not allow, not even escaped.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_elan(analysis: Analysis, file: TextIO) -> None:
    """Write the document with its tiers ``poses``, ``holds`` and, if there are any, ``scores``."""
    source = _NOT_IN_XML.sub("�", analysis.media.source)
    document = Eaf(author=_AUTHOR)
    document.adocument["DATE"] = _DATE
    document.add_linked_file(
        source,
        relpath=f"./{source}",
        mimetype=_MIME_TYPES.get(Path(source).suffix.lower(), "unknown"),
    )
    document.rename_tier("default", POSE_TIER)
    document.add_tier(HOLD_TIER)
    if analysis.scores:
        document.add_tier(SCORE_TIER)
    ms_per_s = 1000 * analysis.media.slow_motion
    for segment, score in analysis.scored_segments:
        start_ms, end_ms = round(segment.start_s * ms_per_s), round(segment.end_s * ms_per_s)
        if end_ms <= start_ms:
            continue  # ELAN does not allow empty annotations
        document.add_annotation(POSE_TIER, start_ms, end_ms, _text(segment))
        if segment.hold:
            document.add_annotation(HOLD_TIER, start_ms, end_ms, _text(segment))
        if score is not None:
            document.add_annotation(SCORE_TIER, start_ms, end_ms, score_words(score))
    root = to_adocument(document, True)
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    file.write(ElementTree.tostring(root, encoding="unicode") + "\n")


def _text(segment: Segment) -> str:
    return _NOT_IN_XML.sub("�", segment.label)
