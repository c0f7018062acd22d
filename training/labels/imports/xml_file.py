"""XML files of other tools."""

from pathlib import Path
from xml.etree import ElementTree

from training.errors import LabelError


def read_xml(path: Path) -> ElementTree.Element:
    """The root of an XML document.

    Raises:
        LabelError: The file is not XML, or declares entities, which no labelling tool does.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LabelError(f"{path} cannot be opened ({error.strerror}).") from error
    if b"<!ENTITY" in content:
        raise LabelError(f"{path} declares XML entities, which an export of labels does not need.")
    try:
        # Without entities of its own, a document cannot grow while it is read.
        return ElementTree.fromstring(content)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise LabelError(f"{path} cannot be read as XML ({error}).") from error
