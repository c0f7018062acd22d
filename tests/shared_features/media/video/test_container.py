"""The right stream of a container is read, and nothing but the one file."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from av.stream import Disposition

from shared_features.errors import MediaError
from shared_features.media.video.container import video_stream
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from tests.clips import corner_image, write_video


def with_cover(path: Path, target: Path | None) -> Path:
    """A file with cover art, followed by a copy of a video."""
    with av.open(str(path.with_suffix(".m4v")), "w", format="mp4") as output:
        cover = output.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        packets = cover.encode(av.VideoFrame.from_ndarray(corner_image(64, 64), format="rgb24"))
        packets += cover.encode(None)
        if target is not None:
            with av.open(str(target)) as source:
                video = source.streams.video[0]
                copy = output.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is not None:
                        packet.stream = copy
                        packets.append(packet)
                for packet in packets:
                    output.mux(packet)
        else:
            for packet in packets:
                output.mux(packet)
    return path.with_suffix(".m4v")


def test_cover_art_is_not_the_video(tmp_path: Path, media: MediaParams) -> None:
    """Its image is not a frame."""
    clip = write_video(tmp_path / "clip.mp4", [corner_image(96, 64)] * 3, [0.0, 0.1, 0.2])
    with VideoReader(with_cover(tmp_path / "song", clip), media) as reader:
        assert (reader.info.width, reader.info.height) == (96, 64)
        assert len(list(reader.frames())) == 3


def test_cover_art_may_come_before_the_video() -> None:
    """Containers list their streams in any order."""
    codec = SimpleNamespace(width=96, height=64)
    cover = SimpleNamespace(disposition=Disposition.attached_pic, codec_context=codec)
    video = SimpleNamespace(disposition=Disposition.default, codec_context=codec)
    streams = SimpleNamespace(video=[cover, video], audio=[])
    container: Any = SimpleNamespace(streams=streams)
    assert video_stream("song.mp4", container) is video


def test_cover_art_alone_is_not_a_video(tmp_path: Path, media: MediaParams) -> None:
    """A song with a cover is still a song."""
    with pytest.raises(MediaError, match="no video"):
        VideoReader(with_cover(tmp_path / "song", None), media)
