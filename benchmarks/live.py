"""A live session over a real websocket: what it costs beyond the pose network itself.

``python -m benchmarks.live [RECORDING]`` starts a service of its own, sends the recording's frames
at their own pace as 640×480 JPEG, two in flight, and prints what the round trip takes beside the
bare pose network in the same run, session by session. ``--sessions N`` adds others side by side.
"""

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.results import Results
from serving.live.wire import MAX_IN_FLIGHT, LiveFrame, pack_frame
from serving.settings import MEBIBYTE
from shared_features import console
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.video_reader import VideoReader

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
SIZE = (640, 480)
SECONDS = 20.0
PORT = 8765
ADDRESS = f"ws://127.0.0.1:{PORT}/api/v1/live"


@dataclass
class Filmed:
    """What one session has seen.

    Attributes:
        answers: as they came.
        round_trips_ms: from sending a frame to its answer.
        skipped: frames that were not sent, because two were under way.
        ready_ms: from connecting to ``ready``.
    """

    answers: list[dict[str, Any]] = field(default_factory=list)
    round_trips_ms: list[float] = field(default_factory=list)
    skipped: int = 0
    ready_ms: float = 0.0


def pictures(path: Path, seconds: float) -> list[tuple[float, bytes]]:
    """Times and JPEG pictures."""
    found = []
    with VideoReader(path, load_shared().media) as reader:
        for frame in reader.frames():
            if frame.pts_s > seconds:
                break
            image = Image.fromarray(frame.rgb)
            image.thumbnail(SIZE)
            file = io.BytesIO()
            image.save(file, "JPEG", quality=80)
            found.append((frame.pts_s, file.getvalue()))
    return found


async def film(frames: list[tuple[float, bytes]]) -> Filmed:
    """One session, at the recording's own pace."""
    filmed, room = Filmed(), asyncio.Semaphore(MAX_IN_FLIGHT)
    sent_at: dict[int, float] = {}
    began = time.perf_counter()
    async with connect(ADDRESS, compression=None, max_size=None) as socket:
        await socket.recv()
        filmed.ready_ms = (time.perf_counter() - began) * 1000
        listening = asyncio.create_task(listen(socket, filmed, sent_at, room))
        started = time.perf_counter()
        for frame_id, (pts_s, picture) in enumerate(frames):
            await asyncio.sleep(started + pts_s - time.perf_counter())
            if room.locked():
                filmed.skipped += 1
                continue
            await room.acquire()
            sent_at[frame_id] = time.perf_counter()
            await socket.send(pack_frame(LiveFrame(frame_id, pts_s, picture)))
        for _ in range(MAX_IN_FLIGHT):
            await room.acquire()
        listening.cancel()
    return filmed


async def listen(
    socket: ClientConnection,
    filmed: Filmed,
    sent_at: dict[int, float],
    room: asyncio.Semaphore,
) -> None:
    """Take note of the answers."""
    dropped = 0
    async for message in socket:
        now, answer = time.perf_counter(), json.loads(message)
        filmed.answers.append(answer)
        filmed.round_trips_ms.append((now - sent_at[answer["frame_id"]]) * 1000)
        for _ in range(1 + answer["dropped"] - dropped):
            room.release()
        dropped = answer["dropped"]


def start_service(folder: Path) -> "subprocess.Popen[bytes]":
    """A service of its own, ready."""
    import httpx

    environment = os.environ | {"STRAPS_PORT": str(PORT), "STRAPS_DATA_DIR": str(folder)}
    service = subprocess.Popen(
        [sys.executable, "-m", "serving.cli", "run"], env=environment, stderr=subprocess.DEVNULL
    )
    while True:
        try:
            if httpx.get(f"http://127.0.0.1:{PORT}/health/ready").status_code == 200:
                return service
        except httpx.TransportError:
            time.sleep(0.1)


def results_of(filmed: list[Filmed], conditions: str) -> Results:
    """What the sessions have seen, together."""
    answers = [answer for each in filmed for answer in each.answers]
    trips = [trip for each in filmed for trip in each.round_trips_ms]
    timings = [answer["timings_ms"] for answer in answers]
    parts: dict[str, list[float]] = {
        "pose network": [t["pose"] for t in timings],
        "round trip": trips,
        "round trip beyond the network": [
            trip - t["pose"] for trip, t in zip(trips, timings, strict=True)
        ],
        "in the service beyond the network": [t["total"] - t["pose"] for t in timings],
        "of it waiting": [t["queue"] for t in timings],
        "of it decoding the picture": [t["decode"] for t in timings],
        "of it features, model, smoothing": [t["classify"] for t in timings],
    }
    results = Results(conditions)
    for name, values in parts.items():
        for quantile in (50, 95, 99):
            results.note(f"{name}, ms, p{quantile}", float(np.percentile(values, quantile)))
    results.note("answers", len(answers))
    results.note("frames not sent, since two were under way", sum(each.skipped for each in filmed))
    results.note("frames dropped", sum(each.answers[-1]["dropped"] for each in filmed))
    results.note("from connecting to ready, ms", max(each.ready_ms for each in filmed))
    return results


async def film_all(frames: list[tuple[float, bytes]], sessions: int) -> list[Filmed]:
    """Sessions side by side."""
    return await asyncio.gather(*(film(frames) for _ in range(sessions)))


def run(recording: Path, sessions: int, seconds: float, folder: Path) -> Results:
    """Start a service, film, end it."""
    frames = pictures(recording, seconds)
    service = start_service(folder)
    try:
        process = psutil.Process(service.pid)
        memory, used = process.memory_info().rss, process.cpu_times()
        filmed = asyncio.run(film_all(frames, sessions))
        spent, memory_after = process.cpu_times(), process.memory_info().rss
    finally:
        service.terminate()
        service.wait()
    conditions = f"{sessions} live session(s), {recording.name}, {SIZE[0]}×{SIZE[1]}"
    results = results_of(filmed, conditions)
    cpu_s = spent.user + spent.system - used.user - used.system
    answers = sum(len(each.answers) for each in filmed)
    results.note("time of a core for each answer, ms", cpu_s / answers * 1000)
    results.note("memory when ready, MiB", memory / MEBIBYTE)
    results.note("memory with these sessions, MiB", memory_after / MEBIBYTE)
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--sessions", type=int, default=1, help="side by side")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the recording, at most")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(arguments.recording, arguments.sessions, arguments.seconds, Path(folder)).print()


if __name__ == "__main__":
    console.run(main)
