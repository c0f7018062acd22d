"""Opening containers safely, and finding the video in them."""

from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from shared_features.errors import MediaError

# Containers that hold recordings. Playlists and the like are left out: they can make FFmpeg open
# other files and addresses, chosen by the playlist's author.
_VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,h264,hevc,"
    "mjpeg,wtv,mxf,dv,ivf,m4v,nut"
)
# What the default disposition is worth, in pixels (fftools/ffmpeg_mux_init.c, map_auto_video).
_DEFAULT_SCORE = 5_000_000
_OPEN_OPTIONS = {"format_whitelist": _VIDEO_FORMATS, "protocol_whitelist": "file"}


def open_container(path: Path) -> InputContainer:
    """Open a recording; nothing but this one file is ever opened.

    Raises:
        FFmpegError, OSError: it is not a recording, or cannot be read.
    """
    return av.open(str(path), options=dict(_OPEN_OPTIONS))


def video_stream(name: str, container: InputContainer) -> VideoStream:
    """The video stream that FFmpeg would pick: the largest, with an advantage for the default.

    Cover art is never picked.

    Args:
        name: Name of the recording, for the message.
        container: The open container.

    Raises:
        MediaError: there is none, or its size is unknown.
    """
    streams = moving_streams(container)
    if not streams:
        found = "sound but no video" if container.streams.audio else "no video"
        raise MediaError(
            f"{name} contains {found}. Send the recording with its video; if it should have one, "
            "the file is damaged or incomplete."
        )
    best = max(streams, key=_score)
    if not _score(best):
        raise MediaError(
            f"{name} does not say how large its frames are: its header is damaged or its "
            "codec is unknown. Send the original file, or convert it to H.264."
        )
    return best


def moving_streams(container: InputContainer) -> list[VideoStream]:
    """The video streams of a container that are not cover art."""
    # FFmpeg presents cover art as a video stream of one frame.
    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]


def _score(stream: VideoStream) -> int:
    """The score by which FFmpeg chooses a video stream; 0 if it cannot be decoded."""
    if stream.codec_context is None or not stream.codec_context.width:
        return 0
    pixels = stream.codec_context.width * stream.codec_context.height
    return pixels + _DEFAULT_SCORE * bool(stream.disposition & Disposition.default)


def announced_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Duration that the header gives; None when it gives none."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base
