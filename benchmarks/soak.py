"""Memory, files, threads and answers over a long time: ``python -m benchmarks.soak --minutes 30``.

Starts a service and keeps it busy: a live session at the camera's rate, photos, and videos that are
uploaded, analysed, drawn and deleted. Prints what it takes once a minute, and at the end how that
grew from the first fifth of the time (after a warm-up) to the last, with the 99th percentile of the
answers in both. Every answer that is not as expected is counted, and so are tracebacks in the log.
"""

import argparse
import asyncio
import contextlib
import io
import itertools
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.live import ADDRESS, DEMO, SIZE
from benchmarks.results import Results
from benchmarks.service import PORT, running_service
from serving.live.frame import LiveFrame, pack_frame
from serving.settings import MEBIBYTE
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import load_shared
from shared_features.runtime import console

URL = f"http://127.0.0.1:{PORT}"
FRAMES_PER_SECOND = 15.0
CLIP_S = 4.0
PHOTO_PAUSE_S = 2.0
VIDEO_PAUSE_S = 10.0
POLL_S = 0.5
SAMPLE_S = 5.0
PATIENCE_S = 120.0


@dataclass
class Sample:
    """What the service and its worker processes took at a moment; memory in MiB."""

    at_s: float
    memory: float
    own_memory: float
    files: int
    threads: int
    processes: int


@dataclass
class Soak:
    """What has been seen so far; times of answers in milliseconds."""

    began_s: float
    samples: list[Sample] = field(default_factory=list)
    answers: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)

    def answered(self, kind: str, since: float) -> None:
        """Note the time of an answer."""
        now = time.perf_counter()
        self.answers.setdefault(kind, []).append((now - self.began_s, (now - since) * 1000))


def recording(folder: Path) -> tuple[list[bytes], Path]:
    """The demo performance as JPEG frames, and its beginning as a video."""
    pictures, clip = [], folder / "clip.mp4"
    with VideoReader(DEMO, load_shared().media) as reader:
        info = reader.info
        with VideoWriter(clip, info.width, info.height) as writer:
            for frame in itertools.islice(reader.frames(), 600):
                if frame.pts_s < CLIP_S:
                    writer.write(frame.rgb, frame.pts_s)
                image = Image.fromarray(frame.rgb)
                image.thumbnail(SIZE)
                file = io.BytesIO()
                image.save(file, "JPEG", quality=80)
                pictures.append(file.getvalue())
    return pictures, clip


async def live(soak: Soak, pictures: list[bytes]) -> None:
    """One session for ever; after an end that was not asked for, another one."""
    while True:
        try:
            async with connect(ADDRESS, compression=None, max_size=None) as socket:
                await socket.recv()
                for frame_id in itertools.count():
                    sent = time.perf_counter()
                    picture = pictures[frame_id % len(pictures)]
                    await socket.send(
                        pack_frame(LiveFrame(frame_id, frame_id / FRAMES_PER_SECOND, picture))
                    )
                    answer = json.loads(await socket.recv())
                    soak.answered("live", sent)
                    if answer["type"] != "pose":
                        soak.surprises.append(f"live: {answer}")
                    await asyncio.sleep(sent + 1 / FRAMES_PER_SECOND - time.perf_counter())
        except (WebSocketException, OSError) as error:
            soak.surprises.append(f"live: {error!r}")
            await asyncio.sleep(1)


async def photos(soak: Soak, client: httpx.AsyncClient, pictures: list[bytes]) -> None:
    """A photo every few seconds."""
    for index in itertools.count():
        sent = time.perf_counter()
        picture = pictures[index * 7 % len(pictures)]
        reply = await client.post("/api/v1/photos", files={"file": ("photo.jpg", picture)})
        soak.answered("photo", sent)
        expect(soak, reply, 200)
        await asyncio.sleep(PHOTO_PAUSE_S)


async def videos(soak: Soak, client: httpx.AsyncClient, clip: bytes) -> None:
    """A video from its upload to its deletion, with everything a page asks for."""
    while True:
        sent = time.perf_counter()
        reply = await client.post("/api/v1/videos", files={"file": ("clip.mp4", clip)})
        soak.answered("upload", sent)
        if expect(soak, reply, 202):
            here = reply.json()["links"]["self"]
            await drawn(soak, client, here)
            for path in (
                *(f"timeline?format={name}" for name in ("json", "csv", "vtt", "srt", "eaf")),
                "angles",
                "overlay.mp4",
                "holds",
                "summary.png",
                "media",
            ):
                sent = time.perf_counter()
                expect(soak, await client.get(f"{here}/{path}"), 200)
                soak.answered("result", sent)
            expect(soak, await client.delete(here), 204)
        await asyncio.sleep(VIDEO_PAUSE_S)


async def drawn(soak: Soak, client: httpx.AsyncClient, video: str) -> None:
    """Wait for the overlay of a video."""
    began = time.perf_counter()
    while True:
        sent = time.perf_counter()
        reply = await client.get(video)
        soak.answered("status", sent)
        job = reply.json()
        if "failed" in (job["status"], (job["overlay"] or {}).get("status")):
            soak.surprises.append(f"video: {job}")
            return
        if (job["overlay"] or {}).get("status") == "ready":
            soak.answered("video", began)
            return
        await asyncio.sleep(POLL_S)


def expect(soak: Soak, reply: httpx.Response, status: int) -> bool:
    """Whether a reply has the expected status; if not, it is noted."""
    if reply.status_code != status:
        soak.surprises.append(f"{reply.request.url}: {reply.status_code} {reply.text[:200]}")
    return reply.status_code == status


async def measure(soak: Soak, process: psutil.Process) -> None:
    """A sample every few seconds, and a line every minute."""
    for count in itertools.count():
        soak.samples.append(sample(time.perf_counter() - soak.began_s, process))
        if count % round(60 / SAMPLE_S) == 0:
            now = soak.samples[-1]
            print(
                f"{now.at_s / 60:5.1f} min: {now.memory:6.0f} MiB in all, {now.own_memory:5.0f} "
                f"MiB the service itself, {now.files} files, {now.threads} threads, "
                f"{now.processes} processes, {len(soak.surprises)} surprises",
                flush=True,
            )
        await asyncio.sleep(SAMPLE_S)


def sample(at_s: float, service: psutil.Process) -> Sample:
    """What the service and its workers take now."""
    memory = own = files = threads = processes = 0
    for process in (service, *service.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():
            rss = process.memory_info().rss
            own = own or rss
            memory += rss
            files += process.num_fds()
            threads += process.num_threads()
            processes += 1
    return Sample(at_s, memory / MEBIBYTE, own / MEBIBYTE, files, threads, processes)


async def keep_busy(soak: Soak, service: psutil.Process, folder: Path, seconds: float) -> None:
    """All of it at once, for so long."""
    pictures, clip = recording(folder)
    async with httpx.AsyncClient(base_url=URL, timeout=PATIENCE_S) as client:
        work: list[Callable[[], Awaitable[None]]] = [
            lambda: live(soak, pictures),
            lambda: photos(soak, client, pictures),
            lambda: videos(soak, client, clip.read_bytes()),
            lambda: measure(soak, service),
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(each() for each in work))


def results_of(soak: Soak, seconds: float, tracebacks: int) -> Results:
    """The first fifth after a warm-up of a tenth, next to the last fifth."""
    early = (0.1 * seconds, 0.3 * seconds)
    late = (0.8 * seconds, seconds)
    results = Results(f"{seconds / 60:g} minutes of one live session, photos and videos")
    for name in ("memory", "own_memory", "files", "threads", "processes"):
        for when, (start, end) in (("early", early), ("late", late)):
            found = [getattr(each, name) for each in soak.samples if start <= each.at_s < end]
            results.note(f"{name}, {when}, median", float(np.median(found)))
    times = np.array([each.at_s for each in soak.samples])
    later = times >= early[0]
    for name in ("memory", "own_memory"):
        values = np.array([getattr(each, name) for each in soak.samples])
        slope = np.polynomial.Polynomial.fit(times[later], values[later], 1).convert().coef[1]
        results.note(f"{name}, growth in MiB per 10 minutes", float(slope * 600))
    for kind, answers in sorted(soak.answers.items()):
        results.note(f"{kind}: number of answers", len(answers))
        for when, (start, end) in (("early", early), ("late", late)):
            found = [ms for at_s, ms in answers if start <= at_s < end]
            if found:
                results.note(f"{kind}, ms, {when}, p50", float(np.percentile(found, 50)))
                results.note(f"{kind}, ms, {when}, p99", float(np.percentile(found, 99)))
    results.note("surprises", len(soak.surprises))
    results.note("tracebacks in the log", tracebacks)
    return results


def main() -> None:
    """Keep a service busy, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to go on")
    arguments = parser.parse_args()
    seconds = arguments.minutes * 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "service.log"
        with running_service(folder, log) as service:
            soak = Soak(time.perf_counter())
            asyncio.run(keep_busy(soak, psutil.Process(service.pid), folder, seconds))
        tracebacks = log.read_text(encoding="utf-8").count("Traceback")
        results_of(soak, seconds, tracebacks).print()
    for surprise in soak.surprises[:20]:
        print(surprise)


if __name__ == "__main__":
    console.run(main)
