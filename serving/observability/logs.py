"""The service's log: text or JSON, one record per line, with the ID of the request."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from serving.observability.flood import FloodFilter
from serving.observability.request_id import current_request

LogFormat = Literal["text", "json"]
# Fields that a record may bring along with `extra=`.
FIELDS = "straps_fields"


class JsonFormatter(logging.Formatter):
    """A record as one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        time = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, object] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = current_request()
        if request is not None:
            entry["request_id"] = request
        entry |= getattr(record, FIELDS, {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """A record as text, with the start of the request's ID."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The first line of a record; only tracebacks take more."""
        return super().formatMessage(record).strip().replace("\r", "\\r").replace("\n", "\\n")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        text = super().format(record)
        request = current_request()
        return text if request is None else f"{text} [{request}]"


def configure(log_format: LogFormat) -> None:
    """Send everything from level INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(FloodFilter())
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
