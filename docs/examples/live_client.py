"""Sends a recording to the live service as if a camera were filming, and prints what comes back.

``python live_client.py ws://localhost:8000/api/v1/live recording.mp4``; needs ``websockets``,
``av`` and ``pillow``. The protocol is described in docs/live-protocol.md.
"""

import asyncio
import io
import json
import struct
import sys
import time
from collections.abc import Iterator

import av
from websockets.asyncio.client import ClientConnection, connect

MAX_IN_FLIGHT = 2


def frames(path: str) -> Iterator[tuple[float, bytes]]:
    """Times in seconds and JPEG pictures, at most 640 pixels wide."""
    with av.open(path) as container:
        for frame in container.decode(video=0):
            picture = io.BytesIO()
            image = frame.to_image()
            image.thumbnail((640, 640))
            image.save(picture, "JPEG", quality=85)
            yield float(frame.time or 0.0), picture.getvalue()


async def film(socket: ClientConnection, path: str, room: asyncio.Semaphore) -> None:
    """Send each frame when its time has come, unless two are still unanswered."""
    started, first_s = time.monotonic(), None
    for frame_id, (time_s, picture) in enumerate(frames(path)):
        first_s = time_s if first_s is None else first_s
        await asyncio.sleep(started + time_s - first_s - time.monotonic())
        if room.locked():
            continue  # the service is busy with two of our frames: this one is skipped
        await room.acquire()
        await socket.send(struct.pack("<4sId", b"SLF1", frame_id, time_s - first_s) + picture)
    for _ in range(MAX_IN_FLIGHT):
        await room.acquire()  # the last answers have come


async def listen(socket: ClientConnection, room: asyncio.Semaphore) -> None:
    """Print the answers."""
    dropped = 0
    async for message in socket:
        answer = json.loads(message)
        if answer["type"] == "ready":
            print("ready:", ", ".join(answer["model"]["labels"]))
            continue
        if answer["type"] == "error":
            print("error:", answer["detail"])
        else:
            hold = "" if answer["hold_s"] is None else f"  {answer['hold_s']:.1f} s"
            print(f"{answer['capture_s']:7.2f}  {answer['label']}{hold}")
        # An answer also settles the frames before it that were dropped.
        for _ in range(1 + answer["dropped"] - dropped):
            room.release()
        dropped = answer["dropped"]


async def main(address: str, path: str) -> None:
    """Film and listen, until the recording ends."""
    room = asyncio.Semaphore(MAX_IN_FLIGHT)
    async with connect(address, compression=None) as socket:
        listening = asyncio.create_task(listen(socket, room))
        await film(socket, path, room)
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
