"""Peak memory of an analysis with overlay: a long video compared with a one-minute video.

``python -m benchmarks.memory [RECORDING] [--minutes N]`` repeats the recording (default: the demo
performance) to make a video of one minute and one of N minutes (default: 60), and runs
``straps-serve analyze --overlay`` on both. An hour of video takes about half an hour on two cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from benchmarks.results import Results
from serving.settings import MEBIBYTE
from shared_features.params import PROJECT_ROOT
from shared_features.runtime import console

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"


def repeated(recording: Path, path: Path, seconds: float) -> Path:
    """Repeat the recording's video stream without decoding it."""
    with av.open(str(path), "w") as target:
        with av.open(str(recording)) as source:
            stream = target.add_stream_from_template(source.streams.video[0])
        shift = 0
        while True:
            with av.open(str(recording)) as source:
                video = source.streams.video[0]
                end = 0
                for packet in source.demux(video):
                    if packet.size == 0 or packet.pts is None or packet.dts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    target.mux(packet)
                shift += end
                if shift * video.time_base >= seconds:
                    return path


def peak_mib(video: Path, out: Path) -> tuple[float, float]:
    """Peak memory in MiB and duration in seconds of an analysis."""
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "serving.cli.main", "analyze", "--overlay", "--out", out, video],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the analysis of {video} failed")
    return usage.ru_maxrss * 1024 / MEBIBYTE, time.perf_counter() - started


def run(recording: Path, minutes: float) -> Results:
    """Analyse both videos."""
    results = Results(f"{recording.name}, repeated; analysis with overlay")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        found = []
        for length in (1, minutes):
            video = repeated(recording, folder / f"{length:g}.mp4", length * 60)
            peak, took_s = peak_mib(video, folder / "out")
            results.note(f"peak memory, {length:g} min, MiB", peak)
            results.note(f"time taken, {length:g} min, s", took_s)
            found.append(peak)
        results.note("difference, MiB", found[1] - found[0])
    return results


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recording", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    run(arguments.recording, arguments.minutes).print()


if __name__ == "__main__":
    console.run(main)
