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

from serving.live.wire import MAX_IN_FLIGHT, LiveFrame, pack_frame
from shared_features import console
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.video_reader import VideoReader

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
SIZE = (640, 480)
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
    filmed, sent_at, room = Filmed(), {}, asyncio.Semaphore(MAX_IN_FLIGHT)
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


def quantiles(values: list[float]) -> str:
    """The middle, and how bad it gets."""
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return f"p50 {p50:6.2f}  p95 {p95:6.2f}  p99 {p99:6.2f}"


def report(number: int, filmed: Filmed) -> None:
    """Print what a session has seen."""
    timings = [answer["timings_ms"] for answer in filmed.answers]
    parts: dict[str, list[float]] = {
        "pose network": [t["pose"] for t in timings],
        "round trip": filmed.round_trips_ms,
        "round trip beyond the network": [
            trip - t["pose"] for trip, t in zip(filmed.round_trips_ms, timings, strict=True)
        ],
        "in the service beyond the network": [t["total"] - t["pose"] for t in timings],
        "  waiting": [t["queue"] for t in timings],
        "  decoding the picture": [t["decode"] for t in timings],
        "  features, model, smoothing": [t["classify"] for t in timings],
    }
    print(
        f"session {number}: {len(timings)} answers, {filmed.skipped} frames not sent, "
        f"{filmed.answers[-1]['dropped']} dropped; ready after {filmed.ready_ms:.0f} ms"
    )
    for name, values in parts.items():
        print(f"  {name:<36}{quantiles(values)}  ms")


async def film_all(frames: list[tuple[float, bytes]], sessions: int) -> list[Filmed]:
    """Sessions side by side."""
    return await asyncio.gather(*(film(frames) for _ in range(sessions)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--sessions", type=int, default=1, help="side by side")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the recording, at most")
    arguments = parser.parse_args()
    frames = pictures(arguments.recording, arguments.seconds)
    with tempfile.TemporaryDirectory() as folder:
        service = start_service(Path(folder))
        try:
            process = psutil.Process(service.pid)
            memory = process.memory_info().rss
            used = process.cpu_times()
            filmed = asyncio.run(film_all(frames, arguments.sessions))
            spent = process.cpu_times()
            memory_after = process.memory_info().rss
        finally:
            service.terminate()
            service.wait()
    for number, each in enumerate(filmed, start=1):
        report(number, each)
    cpu_s = spent.user + spent.system - used.user - used.system
    answers = sum(len(each.answers) for each in filmed)
    print(
        f"{cpu_s / answers * 1000:.1f} ms of a core for each answer; memory {memory >> 20} MiB "
        f"when ready, {memory_after >> 20} MiB with {arguments.sessions} session(s)"
    )


if __name__ == "__main__":
    console.run(main)
