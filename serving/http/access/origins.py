"""Refusal of requests that another website's page makes in the user's browser.

Browsers let any page send forms and open websockets, but say where the page came from: in
``Origin``, and newer ones also in ``Sec-Fetch-Site``. Programs that are not browsers send neither.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})


def is_foreign(headers: Headers) -> bool:
    """Whether a request was made by a page that is not the service's own.

    ``Origin: null`` is foreign: sandboxed frames and local files send it.
    """
    if headers.get("sec-fetch-site", "") in _FOREIGN_SITES:
        return True
    origins = headers.getlist("origin")
    if not origins:
        return False
    return len(origins) > 1 or not _is_own(origins[0], headers.get("host", ""))


def _is_own(origin: str, host: str) -> bool:
    try:
        page = urlsplit(origin)
        default = _DEFAULT_PORTS.get(page.scheme)
        service = urlsplit(f"//{host}")
        return (
            default is not None
            and page.hostname is not None
            and page.hostname == service.hostname
            # Behind a proxy with https, the host may lack the port that https stands for.
            and (page.port or default) == (service.port or default)
        )
    except ValueError:  # a port that is not a number
        return False
