"""Request bodies, taken piece by piece and never more than allowed.

Files go straight to disk under a name of ours. Size, idle time and total time are bounded while
receiving, with and without a ``Content-Length``; whatever goes wrong, the caller's folder is all
there is to remove.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from serving.errors import UploadError
from serving.settings import MEBIBYTE, ServingParams

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE_FIELD = "file"
# What a form needs beside its file: boundaries, headers, a few small fields.
_FORM_ROOM = 64 * 1024
_MAX_NAME_LENGTH = 200
# Also replaced by the client's name in messages, so it must not be a word that they use.
_STORED_NAME = "file-as-received"
# Enough of a file to make a trip to the disk worth it.
_WRITE_BYTES = 512 * 1024
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True)
class Upload:
    """A received file.

    Attributes:
        path: where it is, under a name of ours.
        source: the client's name for it, fit for display and nothing else.
    """

    path: Path
    source: str


@dataclass(frozen=True)
class BodyLimits:
    """What a body may take: bytes, seconds in all, seconds without a byte."""

    max_bytes: int
    timeout_s: float
    idle_timeout_s: float

    @classmethod
    def of(cls, params: ServingParams, max_mb: float) -> "BodyLimits":
        """The limits of a route whose body may be so many MiB."""
        return cls(int(max_mb * MEBIBYTE), params.upload_timeout_s, params.upload_idle_timeout_s)


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """A small body as a whole.

    Raises:
        UploadError: too large or too slow.
        ClientDisconnect: the client is gone.
    """
    return b"".join([piece async for piece in _pieces(request, limits, room=0)])


async def receive_file(request: Request, folder: Path, limits: BodyLimits) -> Upload:
    """The file of a ``multipart/form-data`` body, written into a folder.

    Raises:
        UploadError: not such a form, not exactly one file, too large or too slow.
        ClientDisconnect: the client is gone.
    """
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise UploadError(
            415,
            f"The request has the type {content_type.decode('latin-1') or 'nothing'!r}, expected "
            f"multipart/form-data with a boundary and the file in the field `{FILE_FIELD}`.",
        )
    form = _Form(folder, limits.max_bytes)
    try:
        parser = MultipartParser(options[b"boundary"], form.callbacks())
        async for piece in _pieces(request, limits, _FORM_ROOM):
            parser.write(piece)
            if form.pending_bytes >= _WRITE_BYTES:
                await run_in_threadpool(form.write)
        parser.finalize()
        await run_in_threadpool(form.finish)
    except FormParserError as error:
        raise UploadError(
            400, f"The form cannot be read ({error}). Send multipart/form-data, all of it."
        ) from error
    finally:
        form.close()
    return form.upload()


def display_name(name: str) -> str:
    r"""A client's file name as text: its last part, without what cannot be seen, not too long.

    >>> display_name("C:\\clips\\../routine.mp4")
    'routine.mp4'
    """
    last = re.split(r"[/\\]", _NOT_SHOWN.sub("", name))[-1].strip()
    # Surrogates come from bytes that are no text; no file or reply can hold them.
    readable = last.encode("utf-8", "replace").decode("utf-8")
    return readable[-_MAX_NAME_LENGTH:] if readable not in ("", ".", "..") else "upload"


async def _pieces(request: Request, limits: BodyLimits, room: int) -> AsyncIterator[bytes]:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limits.max_bytes + room:
        raise _too_large(limits.max_bytes)
    received, deadline_s = 0, time.monotonic() + limits.timeout_s
    stream = request.stream()
    while True:
        patience_s = min(limits.idle_timeout_s, deadline_s - time.monotonic())
        try:
            piece = await asyncio.wait_for(anext(stream), max(0.0, patience_s))
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise UploadError(
                408,
                f"The upload took too long: {received} bytes have arrived. It may pause for "
                f"{limits.idle_timeout_s:g} s and last {limits.timeout_s:g} s "
                "(`serving.upload_timeout_s` in params.yaml). Try again on a better connection.",
            ) from error
        received += len(piece)
        if received > limits.max_bytes + room:
            raise _too_large(limits.max_bytes)
        yield piece


def _too_large(max_bytes: int) -> UploadError:
    return UploadError(
        413, f"This is too large: at most {max_bytes / MEBIBYTE:g} MiB are taken. Send less."
    )


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    is_file: bool = False


class _Form:
    """Collects what the parser finds: the file goes to disk, other fields nowhere."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._part = _Part()
        self._header = (b"", b"")
        self._source: str | None = None
        self._path: Path | None = None
        self._file: IO[bytes] | None = None
        self._pending: list[bytes] = []
        self._file_bytes = 0
        self._complete = False
        self.pending_bytes = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def write(self) -> None:
        """Bring to disk what has been parsed. Blocking."""
        if self._file is not None:
            self._file.writelines(self._pending)
        self._pending.clear()
        self.pending_bytes = 0

    def finish(self) -> None:
        """Make sure that the file outlives the machine's power. Blocking."""
        self.write()
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def upload(self) -> Upload:
        if not self._complete:
            raise UploadError(400, "The form breaks off before its end. Send all of it.")
        if self._path is None or self._source is None:
            raise UploadError(
                422, f"The form has no file. Send one in the field `{FILE_FIELD}`, with its name."
            )
        return Upload(self._path, self._source)

    def _end(self) -> None:
        self._complete = True

    def _begin(self) -> None:
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _header_end(self) -> None:
        self._part.headers[self._header[0].lower()] = self._header[1]
        self._header = (b"", b"")

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition"))
        if options.get(b"name") != FILE_FIELD.encode() or b"filename" not in options:
            return
        if self._source is not None:
            raise UploadError(422, "The form has more than one file. Send one at a time.")
        self._source = display_name(options[b"filename"].decode("utf-8", "replace"))
        suffix = Path(self._source).suffix.lower()
        # The suffix helps readers of media and the browser's player; the rest is never used.
        safe_suffix = suffix if _SUFFIX.fullmatch(suffix) else ""
        self._path = self._folder / f"{_STORED_NAME}{safe_suffix}"
        self._file = self._path.open("wb")
        self._part.is_file = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._part.is_file:
            return
        self._pending.append(data[start:end])
        self.pending_bytes += end - start
        self._file_bytes += end - start
        if self._file_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
