"""A live session over a real websocket: its cost beyond the pose network itself.

``python -m benchmarks.live [RECORDING]`` starts a service, sends the recording's frames at their
own rate as 640×480 JPEG, two in flight, and prints the round trip next to the bare pose network in
the same run. ``--sessions N`` runs several sessions at once. ``--noise`` compares a session alone
with one next to a session that sends garbage. ``--capacity`` measures how many sessions of 15 and
of 30 frames per second this machine can serve, and how evenly it treats one session too many.
"""

import argparse
import asyncio
import io
import json
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
from benchmarks.service import MOST_SESSIONS, PORT, running_service
from serving.live.frame import LiveFrame, pack_frame
from serving.live.wire import MAX_IN_FLIGHT
from serving.settings import MEBIBYTE
from shared_features.media.video.reader import VideoReader
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.runtime import console
from shared_features.runtime.cores import usable_cores

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
SIZE = (640, 480)
SECONDS = 20.0
ADDRESS = f"ws://127.0.0.1:{PORT}/api/v1/live"
# For the search for the most sessions: frames per second, duration of an attempt, and the share of
# frames that may be skipped before there are too many.
RATES = (15, 30)
ATTEMPT_S = 8.0
LEFT_OUT = 0.02


@dataclass
class Filmed:
    """Results of one session.

    Attributes:
        answers: Responses in the order of their arrival.
        round_trips_ms: Milliseconds from sending each frame to its response.
        skipped: Number of frames that were not sent because two were in flight.
        ready_ms: Milliseconds from connecting to ``ready``.
    """

    answers: list[dict[str, Any]] = field(default_factory=list)
    round_trips_ms: list[float] = field(default_factory=list)
    skipped: int = 0
    ready_ms: float = 0.0


def pictures(path: Path, seconds: float) -> list[tuple[float, bytes]]:
    """Times in seconds, and JPEG files."""
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
    """One session, at the recording's own rate."""
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
    """Record the responses."""
    dropped = 0
    async for message in socket:
        now, answer = time.perf_counter(), json.loads(message)
        filmed.answers.append(answer)
        filmed.round_trips_ms.append((now - sent_at[answer["frame_id"]]) * 1000)
        for _ in range(1 + answer["dropped"] - dropped):
            room.release()
        dropped = answer["dropped"]


def results_of(filmed: list[Filmed], conditions: str) -> Results:
    """Results of several sessions together."""
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
    results.note("frames not sent, since two were in flight", sum(each.skipped for each in filmed))
    results.note("frames dropped", sum(each.answers[-1]["dropped"] for each in filmed))
    results.note("from connecting to ready, ms", max(each.ready_ms for each in filmed))
    return results


async def film_all(frames: list[tuple[float, bytes]], sessions: int) -> list[Filmed]:
    """Several sessions at once."""
    return await asyncio.gather(*(film(frames) for _ in range(sessions)))


def capacity(recording: Path, folder: Path) -> Results:
    """How many sessions this machine can serve, and how evenly it treats one too many."""
    pictures_of_all = [picture for _, picture in pictures(recording, ATTEMPT_S * 2)]
    results = Results(f"sessions at once, {recording.name}, {usable_cores()} cores")
    with running_service(folder):
        for fps in RATES:
            n_frames = min(int(ATTEMPT_S * fps), len(pictures_of_all))
            frames = [(i / fps, pictures_of_all[i]) for i in range(n_frames)]
            most = 0
            for sessions in range(1, MOST_SESSIONS + 1):
                filmed = asyncio.run(film_all(frames, sessions))
                answered = [len(each.answers) for each in filmed]
                if sum(answered) < (1 - LEFT_OUT) * n_frames * sessions:
                    break
                most = sessions
            name = f"{fps} frames/s"
            results.note(f"{name}: sessions without a loss, per core", most / usable_cores())
            results.note(f"{name}, {sessions} sessions: frames answered, least", min(answered))
            results.note(f"{name}, {sessions} sessions: frames answered, most", max(answered))
            results.note(f"{name}, {sessions} sessions: frames sent by each", n_frames)
    return results


async def disturb() -> None:
    """Send garbage until cancelled."""
    async with connect(ADDRESS, compression=None, max_size=None) as socket:
        await socket.recv()
        while True:
            await socket.send(b"garbage" * 2000)
            await socket.recv()
            await asyncio.sleep(0.005)


async def film_beside_noise(frames: list[tuple[float, bytes]]) -> Filmed:
    """One session while another one sends garbage."""
    noise = asyncio.create_task(disturb())
    try:
        return await film(frames)
    finally:
        noise.cancel()
        await asyncio.gather(noise, return_exceptions=True)


def noise(recording: Path, seconds: float, folder: Path) -> Results:
    """The round trip next to a session that sends garbage, relative to one alone."""
    frames = pictures(recording, seconds)
    with running_service(folder):
        alone = asyncio.run(film(frames)).round_trips_ms
        beside = asyncio.run(film_beside_noise(frames)).round_trips_ms
    results = Results(f"live session next to one that sends garbage, {recording.name}")
    for quantile in (50, 95, 99):
        ratio = float(np.percentile(beside, quantile) / np.percentile(alone, quantile))
        results.note(f"round trip, p{quantile}, relative to a session alone", ratio)
    return results


def run(recording: Path, sessions: int, seconds: float, folder: Path) -> Results:
    """Start a service, run the sessions, stop it."""
    frames = pictures(recording, seconds)
    with running_service(folder) as service:
        process = psutil.Process(service.pid)
        memory, used = process.memory_info().rss, process.cpu_times()
        filmed = asyncio.run(film_all(frames, sessions))
        spent, memory_after = process.cpu_times(), process.memory_info().rss
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
    parser.add_argument("--sessions", type=int, default=1, help="number of sessions at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the recording to send")
    parser.add_argument("--capacity", action="store_true", help="measure the most sessions")
    parser.add_argument("--noise", action="store_true", help="next to a session that sends garbage")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.capacity:
            capacity(arguments.recording, Path(folder)).print()
            return
        if arguments.noise:
            noise(arguments.recording, arguments.seconds, Path(folder)).print()
            return
        run(arguments.recording, arguments.sessions, arguments.seconds, Path(folder)).print()


if __name__ == "__main__":
    console.run(main)
