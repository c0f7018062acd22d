"""The ID of the request that is being handled: in its answer, in logs and in traces."""

import re
import uuid
from contextvars import ContextVar

HEADER = "X-Request-ID"
_current: ContextVar[str | None] = ContextVar("request_id", default=None)
# What clients and proxies send is repeated in logs, so it must not be able to imitate one.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def begin_request(given: str | None) -> str:
    """Set the ID for what follows in this context: the one given if it is fit, or a new one."""
    request_id = given if given and _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
    _current.set(request_id)
    return request_id


def current_request() -> str | None:
    """The ID of the request that is being handled; None outside of one."""
    return _current.get()
