"""Files written from the synthetic performer: videos, landmark tables and frames."""

import csv
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from shared_features.errors import MediaError
from shared_features.media.video.writer import VideoWriter
from training.cli.synth import app
from training.synthetic import performance
from training.synthetic.performance import HOLD_S, choreography, posture_at
from training.synthetic.poses.table import LABELS, OTHER

PTS_S = [0.0, 0.0334, 0.0812, 0.1, 0.25, 1.0005]


def test_videos_are_h264_of_even_size_with_the_given_times(tmp_path: Path) -> None:
    """Browsers can play it; odd sides lose a pixel; times are exact to a millisecond."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 65, 49) as writer:
        for level, pts_s in enumerate(PTS_S):
            writer.write(np.full((49, 65, 3), 20 * level, dtype=np.uint8), pts_s)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (64, 48)
        decoded = list(container.decode(stream))
    assert [frame.time for frame in decoded] == pytest.approx(PTS_S, abs=1e-3)
    assert [frame.to_ndarray(format="rgb24").mean() for frame in decoded] == pytest.approx(
        [0, 20, 40, 60, 80, 100], abs=3
    )
    boxes = path.read_bytes()
    assert boxes.index(b"moov") < boxes.index(b"mdat")


def test_an_interrupted_video_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file appears only when it is complete."""

    def interrupted() -> None:
        with VideoWriter(tmp_path / "clip.mp4", 64, 48) as writer:
            writer.write(np.zeros((48, 64, 3), dtype=np.uint8), 0.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_times_must_rise_and_sizes_must_fit(tmp_path: Path) -> None:
    """The message names both values."""
    frame = np.zeros((48, 64, 3), dtype=np.uint8)
    with VideoWriter(tmp_path / "clip.mp4", 64, 48) as writer:
        writer.write(frame, 0.5)
        with pytest.raises(MediaError, match=r"0\.5"):
            writer.write(frame, 0.5)
        with pytest.raises(MediaError, match=r"64"):
            writer.write(frame[:, :32], 0.6)


def test_the_routine_holds_every_pose_long_enough_and_moves_smoothly() -> None:
    """It holds all six poses for 2.5-5 s each, without jumps, in 40-55 s."""
    holds = choreography(np.random.default_rng(0))
    end_s = holds[-1].start_s + holds[-1].move_s + holds[-1].hold_s
    assert 38 < end_s < 58
    times_s = np.arange(0, end_s, 0.04)
    labels = [posture_at(holds, float(t))[1] for t in times_s]
    for label in set(LABELS) - {OTHER}:
        assert HOLD_S[0] <= labels.count(label) * 0.04 <= 5.5
    pitches = [posture_at(holds, float(t))[0].pitch_back_deg for t in times_s]
    assert np.abs(np.diff(pitches)).max() < 15


def test_video_command_writes_the_video_and_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has one row per frame, with the label and the timestamp in the video."""
    monkeypatch.setattr(performance, "FRAMES_PER_SECOND", 0.5)
    path = tmp_path / "routine.mp4"
    result = CliRunner().invoke(app, ["video", "--seed", "1", "--out", str(path)])
    assert result.exit_code == 0, result.output
    with (tmp_path / "routine_labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with av.open(str(path)) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    assert [float(row["pts_s"]) for row in rows] == pytest.approx(times_s, abs=1e-3)
    assert {row["label"] for row in rows} == set(LABELS)
    assert {row["filename"] for row in rows} == {"routine.mp4"}


def test_landmarks_command_writes_one_named_column_per_number(tmp_path: Path) -> None:
    """264 numbers per row, and exactly as many rows as asked for."""
    path = tmp_path / "samples.csv"
    result = CliRunner().invoke(app, ["landmarks", "--count", "11", "--out", str(path)])
    assert result.exit_code == 0, result.output
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11
    assert len(rows[0]) == 4 + 33 * 8
    assert 0 < float(rows[0]["NOSE_presence"]) <= 1
    assert {"label", "group", "width", "height", "RIGHT_FOOT_INDEX_world_z"} <= set(rows[0])


def test_frames_command_writes_images_and_their_labels(tmp_path: Path) -> None:
    """Every row of labels.csv names an image that exists."""
    result = CliRunner().invoke(app, ["frames", "--count", "2", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] in LABELS for row in rows] == [True, True]
    assert all((tmp_path / "out" / row["filename"]).is_file() for row in rows)


@pytest.mark.parametrize("command", ["landmarks", "frames", "video"])
def test_an_unwritable_target_is_a_message_and_exit_code_two(command: str, tmp_path: Path) -> None:
    """The message says what cannot be written, without a traceback."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    target = blocker / "inside.mp4"
    executable = Path(sys.executable).with_name("straps-train")
    done = subprocess.run(  # noqa: S603 - our own words
        [executable, "synth", command, "--out", target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Cannot write" in done.stderr
    assert "Traceback" not in done.stderr
