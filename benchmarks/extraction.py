"""Landmarks of many photos: two processes compared with one.

``python -m benchmarks.extraction [FOLDER]`` uses frames of the demo performance if no folder is
given. The time includes starting the processes, so the ratio is lower with few photos.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.ratios import measure
from shared_features.media.video.reader import VideoReader
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.runtime import console
from shared_features.runtime.cores import usable_cores
from training.media.landmarks import extract_recordings
from training.params import ExtractionParams
from training.recordings.catalog import Recording, find_recordings

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
N_PHOTOS = 800


def demo_frames(folder: Path) -> Path:
    """Save frames of the demo performance as photos."""
    with VideoReader(DEMO, load_shared().media) as reader:
        for frame in reader.frames():
            if frame.index == N_PHOTOS:
                break
            Image.fromarray(frame.rgb).save(folder / f"{frame.index:03}.jpg", quality=92)
    return folder


def extract(recordings: list[Recording], processes: int) -> None:
    """Extract all landmarks into a new folder."""
    folder = Path(tempfile.mkdtemp())
    try:
        report = extract_recordings(
            "photo",
            recordings,
            folder,
            load_shared(),
            ExtractionParams(workers=processes, annotated_copies=False),
        )
        if len(report.done) != len(recordings):
            raise SystemExit(report.summary())
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="photos (default: frames of the demo)")
    parser.add_argument("--photos", type=int, default=N_PHOTOS, help="largest number of photos")
    parser.add_argument("--pairs", type=int, default=3, help="number of runs of each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or demo_frames(Path(temporary))
        recordings = find_recordings(folder, "photo")[: arguments.photos]
        before = os.times()
        ratio = measure(
            lambda: extract(recordings, 1), lambda: extract(recordings, 2), arguments.pairs
        )
        after = os.times()
    processor_s = after.children_user + after.children_system
    processor_s -= before.children_user + before.children_system
    wall_s = after.elapsed - before.elapsed
    print(
        f"landmarks of {len(recordings)} photos, two processes against one: {ratio} as fast, "
        f"{usable_cores()} cores (workers used {processor_s:.0f} s of processor time in "
        f"{wall_s:.0f} s)"
    )


if __name__ == "__main__":
    console.run(main)
