"""Sends a recording to the live service at its own frame rate and prints the responses.

``python live_client.py ws://localhost:8000/api/v1/live recording.mp4`` needs ``websockets``, ``av``
and ``pillow``. See docs/live-protocol.md for the protocol.
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
    """Times in seconds and JPEG files of at most 640 pixels a side."""
    with av.open(path) as container:
        for frame in container.decode(video=0):
            file = io.BytesIO()
            image = frame.to_image()
            image.thumbnail((640, 640))
            image.save(file, "JPEG", quality=85)
            yield float(frame.time or 0.0), file.getvalue()


async def film(socket: ClientConnection, path: str, room: asyncio.Semaphore) -> None:
    """Send each frame at its time, unless two are still in flight."""
    started, first_s = time.monotonic(), None
    for frame_id, (time_s, jpeg) in enumerate(frames(path)):
        first_s = time_s if first_s is None else first_s
        await asyncio.sleep(started + time_s - first_s - time.monotonic())
        if room.locked():
            continue  # two frames are in flight: skip this one
        await room.acquire()
        await socket.send(struct.pack("<4sId", b"SLF1", frame_id, time_s - first_s) + jpeg)
    for _ in range(MAX_IN_FLIGHT):
        await room.acquire()  # the last responses have arrived


async def listen(socket: ClientConnection, room: asyncio.Semaphore) -> None:
    """Print the responses."""
    dropped = 0
    async for message in socket:
        response = json.loads(message)
        if response["type"] == "ready":
            print("ready:", ", ".join(response["model"]["labels"]))
            continue
        if response["type"] == "error":
            print("error:", response["detail"])
        else:
            hold = "" if response["hold_s"] is None else f"  {response['hold_s']:.1f} s"
            print(f"{response['capture_s']:7.2f}  {response['label']}{hold}")
        # A response also settles the frames before it that were dropped.
        for _ in range(1 + response["dropped"] - dropped):
            room.release()
        dropped = response["dropped"]


async def main(address: str, path: str) -> None:
    """Send and print until the recording ends."""
    room = asyncio.Semaphore(MAX_IN_FLIGHT)
    async with connect(address, compression=None) as socket:
        listening = asyncio.create_task(listen(socket, room))
        await film(socket, path, room)
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
