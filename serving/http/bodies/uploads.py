"""Request bodies, received piece by piece and within limits.

Files go straight to disk under a name of ours. Size, idle time and total time are limited while
receiving, with or without a ``Content-Length``. Whatever goes wrong, removing the caller's folder
removes all traces.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from fastapi import Request
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)
from starlette.concurrency import run_in_threadpool

from serving.errors import UploadError
from serving.http.schemas import FILE_FIELD
from serving.settings import MEBIBYTE, ServingParams
from serving.storage.disk_space import DiskSpace

# Allowance for the rest of a form: boundaries, headers, a few small fields.
_FORM_ALLOWANCE = 64 * 1024
_MAX_PARTS = 64
_MAX_HEADERS_PER_PART = 8
_MAX_HEADER_BYTES = 4096
# Decoding bytes one by one never fails; names are decoded as UTF-8 when they are used.
_HEADER_CHARSET = "latin-1"
_MAX_NAME_LENGTH = 200
# Messages have this replaced by the client's name, so it must not be a word that they use.
_STORED_NAME = "file-as-received"
# Amount of data worth a trip to a worker thread and to the disk.
_WRITE_BYTES = 512 * 1024
# Amount of a body that is worth a place in the queue.
_HEAD_BYTES = 64 * 1024
# A longer one, compared with every byte, would cost more than the upload.
_MAX_BOUNDARY_LENGTH = 200
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True)
class Upload:
    """A received file.

    Attributes:
        path: Path of the file, under a name of ours.
        source: The client's name for it, fit for display and nothing else.
    """

    path: Path
    source: str


@dataclass(frozen=True)
class BodyLimits:
    """Limits of a request body.

    Attributes:
        max_bytes: Maximum size.
        timeout_s: Maximum time for the whole body.
        idle_timeout_s: Maximum time without a byte.
        min_bytes_per_s: Least rate, averaged over ``idle_timeout_s``.
        min_free_bytes: Number of bytes that files leave free on the disk.
    """

    max_bytes: int
    timeout_s: float
    idle_timeout_s: float
    min_bytes_per_s: float = 0.0
    min_free_bytes: int = 0

    @classmethod
    def of(cls, params: ServingParams, max_mb: float) -> Self:
        """The configured time limits, with a size limit in MiB."""
        return cls(
            int(max_mb * MEBIBYTE),
            params.upload_timeout_s,
            params.upload_idle_timeout_s,
            params.upload_min_kb_per_s * 1024,
            params.min_free_bytes,
        )


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """Read a small body into memory.

    Raises:
        UploadError: The body is too large or too slow.
        ClientDisconnect: The client has disconnected.
    """
    return b"".join([piece async for piece in _pieces(request, limits, allowance=0)])


@dataclass(frozen=True)
class Form:
    """A form of which something has arrived.

    Attributes:
        boundary: Boundary between its parts.
        limits: Limits of the body.
        pieces: The whole body, including what has arrived.
        announced: Size of the body by its header; 0 if it has none.
    """

    boundary: str
    limits: BodyLimits
    pieces: AsyncIterator[bytes]
    announced: int


async def begin_form(request: Request, limits: BodyLimits) -> Form:
    """Wait until enough of a ``multipart/form-data`` body has arrived to give it a place.

    A client that announces an upload and sends nothing should not keep others out.

    Raises:
        UploadError: The body is not such a form, or is too large or too slow.
        ClientDisconnect: The client has disconnected.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != "multipart/form-data" or not _is_boundary(options.get("boundary")):
        raise UploadError(
            415,
            f"The request has the type {content_type or 'nothing'!r}, expected "
            f"multipart/form-data with a boundary and the file in the field `{FILE_FIELD}`.",
        )
    pieces = _pieces(request, limits, _FORM_ALLOWANCE)
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= _HEAD_BYTES:
            break

    async def whole() -> AsyncIterator[bytes]:
        if head:
            yield head
        async for piece in pieces:
            yield piece

    return Form(options["boundary"], limits, whole(), _announced(request, limits, _FORM_ALLOWANCE))


async def receive_file(form: Form, folder: Path) -> Upload:
    """Write the file of a form into a folder.

    Raises:
        UploadError: The form cannot be read, does not have exactly one file, the file is empty, or
            the body is too large or too slow.
        DiskFullError: There is no room for it on the disk.
        ClientDisconnect: The client has disconnected.
    """
    space = DiskSpace(folder, form.limits.min_free_bytes)
    space.require(form.announced)
    file = _FormFile(folder, form.limits.max_bytes, space)
    try:
        with PushMultipartParser(
            form.boundary,
            max_header_size=_MAX_HEADER_BYTES,
            max_header_count=_MAX_HEADERS_PER_PART,
            max_segment_count=_MAX_PARTS,
            header_charset=_HEADER_CHARSET,
        ) as parser:
            async for piece in form.pieces:
                for event in parser.parse(piece):
                    file.take(event)
                if file.pending_bytes >= _WRITE_BYTES:
                    await run_in_threadpool(file.write)
        await run_in_threadpool(file.finish)
    except MultipartError as error:
        raise UploadError(
            400, f"The form cannot be read ({error}). Send a complete multipart/form-data body."
        ) from error
    finally:
        file.close()
    return file.upload()


def _is_boundary(text: str | None) -> bool:
    return text is not None and 0 < len(text) <= _MAX_BOUNDARY_LENGTH


def display_name(name: str) -> str:
    r"""A client's file name for display: its last part, printable and of limited length.

    >>> display_name("C:\\clips\\../routine.mp4")
    'routine.mp4'
    """
    last = re.split(r"[/\\]", _NOT_SHOWN.sub("", name))[-1].strip()
    # Surrogates stand for bytes that are not text; no file or response can hold them.
    readable = last.encode("utf-8", "replace").decode("utf-8")
    return readable[-_MAX_NAME_LENGTH:] if readable not in ("", ".", "..") else "upload"


async def _pieces(request: Request, limits: BodyLimits, allowance: int) -> AsyncIterator[bytes]:
    _announced(request, limits, allowance)
    received, deadline_s = 0, time.monotonic() + limits.timeout_s
    stream = request.stream()
    window, window_end_s = 0, time.monotonic() + limits.idle_timeout_s
    while True:
        patience_s = min(limits.idle_timeout_s, deadline_s - time.monotonic())
        try:
            piece = await asyncio.wait_for(anext(stream), max(0.0, patience_s))
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise _too_slow(received, limits) from error
        received += len(piece)
        if received > limits.max_bytes + allowance:
            raise _too_large(limits.max_bytes)
        window += len(piece)
        if time.monotonic() >= window_end_s:
            if window < limits.min_bytes_per_s * limits.idle_timeout_s:
                raise _too_slow(received, limits)
            window, window_end_s = 0, time.monotonic() + limits.idle_timeout_s
        yield piece


def _announced(request: Request, limits: BodyLimits, allowance: int) -> int:
    """Size of the body by its header; 0 if it has none."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    if size > limits.max_bytes + allowance:
        raise _too_large(limits.max_bytes)
    return size


def _too_slow(received: int, limits: BodyLimits) -> UploadError:
    return UploadError(
        408,
        f"The upload took too long: {received} bytes have arrived. It may pause for "
        f"{limits.idle_timeout_s:g} s, last {limits.timeout_s:g} s, and must bring "
        f"{limits.min_bytes_per_s / 1024:g} KiB per second (`serving.upload_timeout_s` and the "
        "settings next to it in params.yaml). Try again on a better connection.",
    )


def _too_large(max_bytes: int) -> UploadError:
    return UploadError(
        413, f"The upload is too large: the limit is {max_bytes / MEBIBYTE:g} MiB. Send less."
    )


class _FormFile:
    """Writes the file among a parser's events to disk, and drops all other fields."""

    def __init__(self, folder: Path, max_bytes: int, space: DiskSpace) -> None:
        self._folder = folder
        self._space = space
        self._max_bytes = max_bytes
        self._part: MultipartSegment | None = None
        self._upload: Upload | None = None
        self._file: IO[bytes] | None = None
        self._is_empty = True
        self._pending: list[bytes] = []
        self.pending_bytes = 0

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """Take the start of a part, some of its data, or its end (None)."""
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is not None and self._part is not None:
            if self._part.bytes_received > self._max_bytes:
                raise _too_large(self._max_bytes)
            self._is_empty = False
            self._pending.append(bytes(event))
            self.pending_bytes += len(event)

    def write(self) -> None:
        """Write what has been parsed. Blocking."""
        self._space.require(self.pending_bytes)
        if self._upload is not None and self._file is None:
            self._file = self._upload.path.open("wb")
        if self._file is not None:
            self._file.writelines(self._pending)
        self._pending.clear()
        self.pending_bytes = 0

    def finish(self) -> None:
        """Write the rest, so that it survives a power failure. Blocking."""
        self.write()
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def upload(self) -> Upload:
        if self._upload is None:
            raise UploadError(
                422,
                f"The form has no file. Send one, with its name, in the field `{FILE_FIELD}`.",
            )
        if self._is_empty:
            raise UploadError(
                422, f"{self._upload.source} is empty. Check the original, and send it again."
            )
        return self._upload

    def _begin(self, part: MultipartSegment) -> None:
        self._part = None
        if part.name != FILE_FIELD or part.filename is None:
            return
        if self._upload is not None:
            raise UploadError(422, "The form has more than one file. Send one at a time.")
        self._part = part
        name = part.filename.encode(_HEADER_CHARSET).decode("utf-8", "replace")
        source = display_name(name)
        suffix = Path(source).suffix.lower()
        # Media readers and the browser's player need the suffix; the rest is never used.
        safe_suffix = suffix if _SUFFIX.fullmatch(suffix) else ""
        self._upload = Upload(self._folder / f"{_STORED_NAME}{safe_suffix}", source)
