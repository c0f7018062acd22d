"""How long ``/health/live`` takes beside other requests: ``python -m benchmarks.liveness``.

Starts a service with thousands of finished videos, asks for its liveness every few milliseconds,
and prints the longest answer during each kind of request. Run it on an idle machine: the requests
are made on the same cores.
"""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.results import Results
from benchmarks.service import PORT, running_service
from serving.storage.job_record import JobRecord, write_record
from shared_features.params import PROJECT_ROOT
from shared_features.runtime import console

API = "/api/v1"
FORM = {"Content-Type": "multipart/form-data; boundary=edge"}
JSON = {"Content-Type": "application/json"}
PAUSE_S = 0.005
MIB = 1024 * 1024


def ask(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> int:
    """Make one request on a connection of its own; returns the status, or 0 if it was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    try:
        connection.request(method, path, body or None, headers or {})
        reply = connection.getresponse()
        reply.read()
        return reply.status
    except OSError:
        return 0
    finally:
        connection.close()


def watch(commands: Connection) -> None:
    """A process that asks for liveness; for each message it sends the waits since the last one."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    waits_ms: list[float] = []
    while True:
        began = time.perf_counter()
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        waits_ms.append((time.perf_counter() - began) * 1000)
        if commands.poll(PAUSE_S):
            commands.recv()
            commands.send(waits_ms)
            waits_ms = []


def landmarks(n_frames: int) -> bytes:
    """A valid body."""
    rng = np.random.default_rng(0)
    frames = [
        {"image": rng.random((33, 4)).tolist(), "world": rng.random((33, 3)).tolist(), "pts_s": i}
        for i in range(n_frames)
    ]
    return json.dumps({"width": 640, "height": 480, "frames": frames}).encode()


def photo_form() -> bytes:
    """A form with the project's test picture of a person, or any picture."""
    picture = next((PROJECT_ROOT / "docs").rglob("*.png"))
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    return head + picture.read_bytes() + b"\r\n--edge--\r\n"


def tiny_fields() -> bytes:
    """A form of 39 MB in fields of one byte."""
    return b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 700_000


def tiny_chunks() -> int:
    """A body in chunks of one byte, until the service has had enough."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=120) as client:
        head = f"POST {API}/photos HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        client.sendall(f"{head}Content-Type: {FORM['Content-Type']}\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            for _ in range(200):
                client.sendall(b"1\r\nx\r\n" * 5000)
        return 0


def several(times: int, request: Callable[[], int]) -> Callable[[], None]:
    """The request so many times at once."""

    def run() -> None:
        with ThreadPoolExecutor(times) as pool:
            for future in [pool.submit(request) for _ in range(times)]:
                future.result()

    return run


def requests() -> Iterator[tuple[str, Callable[[], None]]]:
    """What is asked, and how."""

    def post(path: str, body: bytes, headers: dict[str, str]) -> Callable[[], int]:
        return lambda: ask("POST", API + path, body, headers)

    yield "nothing", lambda: time.sleep(2)
    yield "the description of the API", several(1, lambda: ask("GET", f"{API}/openapi.json"))
    yield "the page's list of videos, 4 at once", several(4, lambda: ask("GET", f"{API}/videos"))
    valid = landmarks(1000)
    yield "1,000 frames of landmarks", several(1, post("/landmarks", valid, JSON))
    yield "the same, 4 at once", several(4, post("/landmarks", valid, JSON))
    bodies = {
        "16 MiB of commas": b"[" + b"0," * (8 * MIB - 8) + b"0]",
        "16 MiB of one number": b"1" * (16 * MIB - 1),
        "16 MiB of one text": b'"' + b"x" * (16 * MIB - 8) + b'"',
        "16 MiB of white space": b" " * (16 * MIB - 1),
        "as many parts as are parsed, all in one list": b"[" + b"0," * 500_000 + b"0]",
        "as many lists as are parsed": b"[" + b"[0]," * 130_000 + b"0]",
    }
    for name, body in bodies.items():
        yield f"landmarks: {name}", several(2, post("/landmarks", body, JSON))
    yield "50 photos at once", several(50, post("/photos", photo_form(), FORM))
    yield "forms of 700,000 fields, 4 at once", several(4, post("/photos", tiny_fields(), FORM))
    yield "bodies in chunks of one byte, 4 at once", several(4, tiny_chunks)


def photos_at_once(count: int) -> dict[int, list[float]]:
    """Milliseconds of each answer, by its status, of photos that are all sent at the same time."""
    form, answers = photo_form(), dict[int, list[float]]()

    def one() -> int:
        began = time.perf_counter()
        status = ask("POST", f"{API}/photos", form, FORM)
        answers.setdefault(status, []).append((time.perf_counter() - began) * 1000)
        return status

    several(count, one)()
    return answers


def finished_videos(folder: Path, count: int) -> None:
    """Fill a data folder with videos that have failed long ago."""
    for index in range(count):
        job_id = f"{index:032x}"
        job = folder / "data" / "jobs" / job_id
        job.mkdir(parents=True)
        media = "file-as-received.mp4"
        (job / media).write_bytes(b"")
        problem = "The recording is empty."
        record = JobRecord(job_id, media, "clip.mp4", 1.7e9 + index, {"analysis": problem})
        write_record(job, record)


def run(videos: int, folder: Path) -> Results:
    """Start a service, ask, and note the longest waits."""
    results = Results(f"longest answer of /health/live in ms, beside {videos} finished videos")
    finished_videos(folder, videos)
    with running_service(folder):
        ours, theirs = multiprocessing.Pipe()
        watcher = multiprocessing.Process(target=watch, args=(theirs,), daemon=True)
        watcher.start()
        try:
            for name, request in requests():
                ours.send("begin")
                ours.recv()
                request()
                ours.send("end")
                results.note(name, max(ours.recv()))
            for status, times_ms in sorted(photos_at_once(50).items()):
                name = f"50 photos at once, answered with {status}"
                results.note(f"{name}: number", len(times_ms))
                results.note(f"{name}: longest, ms", max(times_ms))
        finally:
            watcher.terminate()
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=2000, help="number of finished videos")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(arguments.videos, Path(folder)).print()


if __name__ == "__main__":
    console.run(main)
