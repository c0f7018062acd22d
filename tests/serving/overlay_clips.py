"""Routines without a model, and clips with audio, whose contents and times are known."""

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from serving.overlay.routine import Routine
from shared_features.classify.timeline import Segment, Total
from shared_features.landmarks.landmarks import LANDMARK_COUNT
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams

LABELS = ("front lever", "l-hang", "other")
_RATE = 44_100


def moving_points(frames: int, seed: int = 0) -> NDArray[np.float32]:
    """``(frames, 33, 3)`` landmarks of a person drifting through the frame."""
    rng = np.random.default_rng(seed)
    body = rng.uniform(0.3, 0.6, (1, LANDMARK_COUNT, 2))
    drift = np.linspace(0, 0.1, frames)[:, None, None]
    visibility = np.broadcast_to(rng.uniform(0, 1, (1, LANDMARK_COUNT, 1)), (frames, 33, 1))
    return np.concatenate([body + drift, visibility], axis=2).astype(np.float32)


def routine_for(video: Path, limits: MediaParams) -> Routine:
    """A routine with a clip's times: a hold in the middle half, no person in the last frame."""
    with VideoReader(video, limits) as reader:
        pts_s = np.array([frame.pts_s for frame in reader.frames()])
        duration_s = reader.verdict.duration_s
    frames = len(pts_s)
    edges = sorted({0, frames // 4, frames - frames // 4, frames})
    points, confidence = moving_points(frames), np.full(frames, 0.87)
    points[-1], confidence[-1] = np.nan, np.nan
    segments = []
    for index, (first, end) in enumerate(itertools.pairwise(edges)):
        end_s = duration_s if end == frames else float(pts_s[end])
        label = LABELS[-1] if index != 1 else LABELS[0]
        segments.append(
            Segment(label, float(pts_s[first]), end_s, first, end - 1, 0.87, index == 1)
        )
    totals = tuple(
        Total(
            label,
            sum(s.duration_s for s in segments if s.label == label),
            sum(s.hold for s in segments if s.label == label),
            max((s.duration_s for s in segments if s.label == label and s.hold), default=0.0),
        )
        for label in LABELS
    )
    return Routine(
        source=video.name,
        duration_s=duration_s,
        labels=LABELS,
        other=LABELS[-1],
        pts_s=pts_s,
        points=points,
        confidence=confidence,
        segments=tuple(segments),
        totals=totals,
    )


def add_audio(
    silent: Path,
    target: Path,
    codec: str,
    *,
    starts_s: float = 0.0,
    shift_s: float = 0.0,
    video_codec: str | None = None,
) -> Path:
    """Write a clip with a tone as its audio.

    Args:
        silent: Clip whose video is used.
        target: Path of the file to write.
        codec: Codec of the audio.
        starts_s: Start of the audio on the file's clock.
        shift_s: Start of the video on the file's clock.
        video_codec: Codec to encode the video with; None to copy its packets.
    """
    rate = 48_000 if codec == "libopus" else _RATE
    with av.open(str(silent)) as source, av.open(str(target), "w") as output:
        video = source.streams.video[0]
        assert video.time_base is not None
        assert source.duration is not None
        seconds = source.duration / av.time_base
        if video_codec is None:
            into = output.add_stream_from_template(video)
        else:
            added = output.add_stream(video_codec, rate=25)
            assert isinstance(added, VideoStream)
            into = added
            into.width, into.height = video.width, video.height
            into.pix_fmt = "yuv420p"
        audio = output.add_stream(codec, rate=rate)
        assert isinstance(audio, av.AudioStream)
        layout, sample = "mono", {"libopus": "s16", "flac": "s16", "pcm_s16le": "s16"}
        audio.layout = layout
        packets = []
        tone = np.sin(np.arange(int(rate * seconds)) * 0.05) * 0.5
        fifo = av.AudioFifo()
        form = sample.get(codec, "fltp")
        block = tone.astype(np.float32) if form == "fltp" else (tone * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block[None]), form, layout)
        frame.sample_rate, frame.pts = rate, None
        fifo.write(frame)
        at = round(starts_s * rate)
        while (part := fifo.read(audio.codec_context.frame_size or 1024, partial=True)) is not None:
            part.pts, part.time_base = at, Fraction(1, rate)
            at += part.samples
            packets += audio.encode(part)
        packets += audio.encode(None)
        shift = round(shift_s / video.time_base)
        if video_codec is None:
            for packet in source.demux(video):
                if packet.dts is not None and packet.pts is not None:
                    packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
                    packet.stream = into
                    packets.append(packet)
        else:
            for index, decoded in enumerate(source.decode(video)):
                decoded.pts, decoded.time_base = index, Fraction(1, 25)
                packets += into.encode(decoded)
            packets += into.encode(None)
        packets.sort(key=lambda packet: float((packet.dts or 0) * (packet.time_base or 0)))
        for packet in packets:
            output.mux(packet)
    return target


def audio_packets(path: Path) -> list[tuple[float, bytes]]:
    """The time of each audio packet, in seconds after the first frame, and its bytes."""
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
        assert first.time is not None
        start_s = first.time
    with av.open(str(path)) as container:
        return [
            (float(packet.pts * packet.time_base) - start_s, bytes(packet))
            for packet in container.demux(audio=0)
            if packet.size and packet.pts is not None and packet.time_base is not None
        ]
