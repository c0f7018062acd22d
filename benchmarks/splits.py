"""How well, and how fast, moments of one recording are found in another.

Four parts: generated routines by other bodies, cameras and tempi; real clips that are re-timed,
cropped, brightened, mirrored and encoded again; the deepest bend of UI-PRMD's movements; and the
cost of long recordings.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.alignment import align, align_poses
from shared_features.alignment.moments import find_moments
from shared_features.alignment.sequences import FrameSequence, even_sequence, pose_sequence
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import load_shared
from shared_features.pose.extract import extract_video
from training.synthetic.routines import perform, random_routine

Floats = NDArray[np.float64]

CLIPS = (
    *("exercise/9-pushups.mp4", "exercise/core_rotations.mp4", "exercise/push_up.mp4"),
    *("exercise/wheel_2.mp4", "calisthenics/oahs2.mp4", "calisthenics/pl2.mp4"),
)
_MOST_FRAMES = 150
_FPS = 25.0
_KINECT_FPS = 30.0


def spread(errors: Floats, unit: str) -> str:
    """Median and 90th percentile in words."""
    return f"median {np.median(errors):.3f} {unit}, 90th percentile {np.quantile(errors, 0.9):.3f}"


def synthetic(first: int, count: int) -> None:
    """Routines from seeds that nothing was chosen by."""
    errors, trivial, missing, false, refused, accepted = [], [], [], [], [], []
    for seed in range(first, first + count):
        rng = np.random.default_rng([9, seed])
        routine = random_routine(rng, 8)
        reference = perform(routine, rng, fps=12.5)
        left_out = int(rng.integers(1, 7))
        for leave in (None, left_out):
            target = perform(routine, rng, leave_out=leave, rests=1, fps=12.5)
            alignment = align_poses(reference.track, target.track)
            accepted.append(alignment.fit.same_routine)
            moments = find_moments(alignment, reference.moments_s)
            share = target.track.pts_s[-1] / reference.track.pts_s[-1]
            for number, moment in enumerate(moments):
                if number == leave:
                    missing.append(moment.target_s is None)
                    continue
                truth_s = target.moments_s[number]
                trivial.append(abs(moment.reference_s * share - truth_s))
                false.append(moment.target_s is None)
                if moment.target_s is not None:
                    errors.append(abs(moment.target_s - truth_s))
        other = perform(random_routine(rng, 8), rng, rests=1, fps=12.5)
        refused.append(not align_poses(reference.track, other.track).fit.same_routine)
    found, usual = np.array(errors), np.array(trivial)
    print(f"generated routines, seeds {first} to {first + count - 1}:")
    print(f"  found: {spread(found, 's')}; within", end=" ")
    print(", ".join(f"{s} s {np.mean(found <= s):.0%}" for s in (0.1, 0.25, 0.5)))
    print(f"  trivial answer: {spread(usual, 's')}; within", end=" ")
    print(", ".join(f"{s} s {np.mean(usual <= s):.0%}" for s in (0.1, 0.25, 0.5)))
    print(f"  left out and not found {np.mean(missing):.1%}, there but not found", end=" ")
    print(f"{np.mean(false):.1%}, same routine accepted {np.mean(accepted):.1%}", end=", ")
    print(f"another refused {np.mean(refused):.1%}")


def retimed(data: Path, clips: tuple[str, ...]) -> None:
    """Real pixels with exact truth, at evenly spaced moments and at those of movement."""
    shared = load_shared()
    evenly, moving = [], []
    for number, clip in enumerate(clips):
        with TemporaryDirectory() as folder:
            first, second, frames_s, new_s = _retime(data / clip, Path(folder), number)
            tracks = [
                extract_video(path, shared.media, shared.pose).track for path in (first, second)
            ]
        alignment = align_poses(tracks[0], tracks[1])
        inner = slice(5, -5)
        errors = np.abs(alignment.at(frames_s[inner]) - new_s[inner]) * _FPS
        values = pose_sequence(tracks[0]).values
        speed = np.linalg.norm(np.gradient(values, axis=0), axis=1)
        speed = np.interp(frames_s[inner], np.arange(len(speed)) / _FPS, speed)
        evenly.append(errors)
        moving.append(errors[speed >= np.median(speed)])
        print(f"  {clip}: {spread(errors, 'frames')}, mirrored {alignment.mirrored}")
    print(f"re-timed clips, every frame: {spread(np.concatenate(evenly), 'frames')}")
    print(f"re-timed clips, the faster half of each: {spread(np.concatenate(moving), 'frames')}")


def _retime(clip: Path, folder: Path, number: int) -> tuple[Path, Path, Floats, Floats]:
    """Two files, and the times of the first one's frames in both."""
    rng = np.random.default_rng([7, number])
    frames, times = [], []
    with VideoReader(clip, load_shared().media) as reader:
        for frame in reader.frames():
            height, width = (side // 2 * 2 for side in frame.rgb.shape[:2])
            frames.append(np.ascontiguousarray(frame.rgb[:height, :width]))
            times.append(frame.pts_s)
            if len(frames) == _MOST_FRAMES:
                break
    pts_s = np.array(times)
    speed = np.exp(np.interp(pts_s, np.linspace(0, pts_s[-1], 4), np.log(rng.uniform(0.6, 1.7, 4))))
    new_s = np.concatenate([[0.0], np.cumsum(np.diff(pts_s) / speed[1:])])
    shown_s = np.arange(0, new_s[-1], 1 / _FPS)
    which = np.abs(new_s[None] - shown_s[:, None]).argmin(axis=1)
    first, second = folder / "first.mp4", folder / "second.mp4"
    height, width = frames[0].shape[:2]
    top, left = (int(side * rng.uniform(0, 0.08)) for side in (height, width))
    rows, columns = int(height * 0.9) // 2 * 2, int(width * 0.9) // 2 * 2
    with VideoWriter(first, width, height) as writer:
        for image, pts in zip(frames, pts_s, strict=True):
            writer.write(image, float(pts))
    with VideoWriter(second, columns, rows) as writer:
        for index, pts in zip(which, shown_s, strict=True):
            image = frames[index][top : top + rows, left : left + columns].astype(np.float64)
            edited = np.clip(image * 1.25 + 8, 0, 255).astype(np.uint8)
            edited = edited[:, ::-1] if number % 2 else edited
            writer.write(np.ascontiguousarray(edited), float(pts))
    return first, second, pts_s, new_s


def deepest_bend(data: Path, pairs: int, seed: int) -> None:
    """UI-PRMD, movements 1 to 6: the deepest bend of one person's repetition found in another's.

    The joint is the hip or knee that bends most; both persons bend the same one.
    """
    table = np.load(data / "form" / "uiprmd_kinect.npz")
    starts = np.concatenate([[0], np.cumsum(table["length"])])
    rng = np.random.default_rng(seed)
    errors: dict[str, list[float]] = {"by the joint": [], "by the skeleton": [], "trivial": []}
    for movement in range(1, 7):
        of_movement = np.flatnonzero((table["movement"] == movement) & (table["correct"] == 1))
        done = 0
        while done < pairs:
            one, two = rng.choice(of_movement, 2)
            repetitions = [
                table["positions_m"][starts[index] : starts[index + 1]].astype(np.float64)
                for index in (one, two)
            ]
            bends = [_bend_deg(positions) for positions in repetitions]
            joints = [int(np.ptp(bend, axis=0).argmax()) for bend in bends]
            if table["subject"][one] == table["subject"][two] or joints[0] != joints[1]:
                continue
            done += 1
            course = [bend[:, joints[0]] for bend in bends]
            truth = [int(bend.argmin()) for bend in course]
            ways = {
                "by the joint": [_one_joint(bend) for bend in course],
                "by the skeleton": [_skeleton(positions) for positions in repetitions],
            }
            for name, (first, second) in ways.items():
                found = float(align(first, second).at(truth[0] / _KINECT_FPS)) * _KINECT_FPS
                errors[name].append(abs(found - truth[1]))
            share = len(course[1]) / len(course[0])
            errors["trivial"].append(abs(truth[0] * share - truth[1]))
    for name, found_errors in errors.items():
        sizes = np.array(found_errors)
        print(f"UI-PRMD, {len(sizes)} pairs, {name}: {spread(sizes, 'frames')} at 30 per second")


def _one_joint(course: Floats) -> FrameSequence:
    """The course of one angle, from its least to its greatest bend."""
    values = (course - course.min()) / max(float(np.ptp(course)), 1e-9)
    times_s = np.arange(len(course)) / _KINECT_FPS
    return even_sequence("repetition", times_s, values[:, None], noise=0.02)


def _bend_deg(positions: Floats) -> Floats:
    """``(n, 4)`` angles of hips and knees in degrees."""
    triples = ((2, 14, 15), (2, 18, 19), (14, 15, 16), (18, 19, 20))
    angles = []
    for a, b, c in triples:
        u, v = positions[:, a] - positions[:, b], positions[:, c] - positions[:, b]
        cosine = (u * v).sum(1) / (np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1))
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    smooth = np.hanning(9)[1:-1] / np.hanning(9)[1:-1].sum()
    return np.stack(
        [np.convolve(np.pad(one, 3, mode="edge"), smooth, "valid") for one in angles], 1
    )


def _skeleton(positions: Floats) -> FrameSequence:
    torso = np.linalg.norm(positions[:, 3] - positions[:, 0], axis=1).mean()
    joints = (positions - positions[:, :1]) / torso
    return even_sequence(
        "repetition",
        np.arange(len(positions)) / _KINECT_FPS,
        joints.reshape(len(joints), -1),
        noise=0.1,
    )


def cost(minutes: float) -> None:
    """Two recordings of this length, after their landmarks."""
    rng = np.random.default_rng(3)
    track = perform(random_routine(rng, 10), rng, fps=30.0).track
    frames = int(minutes * 60 * 30)

    def longer(offset: int) -> Iterator[NDArray[np.intp]]:
        yield (np.arange(frames) + offset) % len(track)

    (one,), (two,) = longer(0), longer(40)
    pts_s = np.arange(frames) / 30.0
    tracks = [
        replace(track, pts_s=pts_s, image=track.image[rows], world=track.world[rows])
        for rows in (one, two)
    ]
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started_s = time.process_time()
    align(pose_sequence(tracks[0]), pose_sequence(tracks[1]))
    spent_s = time.process_time() - started_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"2 x {minutes:g} min: {spent_s:.1f} s of CPU time, {peak_mb - before_mb:.0f} MB more")


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("synthetic", "retimed", "bend", "cost"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    if given.part == "synthetic":
        synthetic(given.seed, given.count)
    elif given.part == "retimed":
        retimed(given.data, CLIPS)
    elif given.part == "bend":
        deepest_bend(given.data, given.count, given.seed)
    else:
        cost(given.minutes)


if __name__ == "__main__":
    main()
