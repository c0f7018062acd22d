"""``straps-serve`` as a program: output, files and exit codes."""

import csv
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.track_csv import read_track
from shared_features.params import load_shared
from shared_features.pose.extract import extract_video
from tests.clips import write_audio
from tests.programs import run_program
from tests.serving.conftest import CLIP_FRAMES
from tests.serving.server import COMMAND, Server, write_params

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def params(tmp_path: Path, model: Path, pose_model: Path) -> Path:
    return write_params(tmp_path, model)


@pytest.fixture
def run(tmp_path: Path, params: Path) -> Run:
    def started(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run_program("straps-serve", command, "--params", params, *arguments, folder=tmp_path)

    return started


def test_analyze_writes_every_format(run: Run, clip: Path, tmp_path: Path, params: Path) -> None:
    """It writes timeline, tables, captions and landmarks, and its output agrees with them."""
    done = run("analyze", clip)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out" / "clip"
    assert {path.name for path in out.iterdir()} - {"holds"} == {
        "timeline.json",
        "frames.csv",
        "segments.csv",
        "poses.vtt",
        "poses.srt",
        "poses.eaf",
        "angles.json",
        "scores.json",
        "holds.json",
        "summary.png",
        "video_clip_landmarks.csv",
        "video_clip_landmarks.json",
    }
    timeline = json.loads((out / "timeline.json").read_text())
    assert timeline["media"]["frames"] == len(timeline["frames"]) == CLIP_FRAMES
    assert f"clip.mp4 was read to the end: {CLIP_FRAMES} frames" in done.stdout
    assert "out/clip" in done.stdout
    for segment in timeline["segments"]:
        assert not segment["hold"] or segment["label"] in done.stdout
    rows = list(csv.reader((out / "frames.csv").read_text().splitlines()))
    assert len(rows) == CLIP_FRAMES + 1


def test_analyze_writes_the_overlay_when_asked(run: Run, clip: Path, tmp_path: Path) -> None:
    """The video has the frames of the original at their times, and every file written is named.

    In slow motion all other times are the performer's.
    """
    done = run("analyze", clip, "--overlay", "--slow-motion", "4", "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "o" / "overlay.mp4")) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    assert len(times_s) == CLIP_FRAMES
    media = json.loads((tmp_path / "o" / "timeline.json").read_text())["media"]
    assert media["slow_motion"] == 4
    assert media["duration_s"] == pytest.approx(CLIP_FRAMES / 25 / 4, abs=0.01)
    assert times_s[-1] == pytest.approx((CLIP_FRAMES - 1) / 25, abs=0.01)
    assert "4 times slower than real" in done.stdout
    holds = json.loads((tmp_path / "o" / "holds.json").read_text())
    photos = {f"holds/{hold['number']}.jpg" for hold in holds} | {
        f"holds/{hold['number']}_{moment}.jpg" for hold in holds for moment in hold["moments_s"]
    }
    written = {path for path in (tmp_path / "o").rglob("*") if path.is_file()}
    assert photos == {f"holds/{path.name}" for path in written if path.suffix == ".jpg"}
    message = done.stdout.splitlines()[-1]
    for path in written - {tmp_path / "o" / "video_clip_landmarks.json"}:
        assert str(path.relative_to(tmp_path / "o")) in message


def test_stored_landmarks_give_the_features_that_were_served(
    run: Run, clip: Path, tmp_path: Path, params: Path, model: Path
) -> None:
    """Features and predictions from the table equal those of the analysis bit for bit."""
    assert run("analyze", clip, "--out", tmp_path / "o").returncode == 0
    stored = read_track(tmp_path / "o" / "video_clip_landmarks.csv")
    shared = load_shared(params)
    extracted = extract_video(clip, shared.media, shared.pose).track
    classifier = PoseClassifier(model)
    spec = classifier.contract.features
    assert spec.of_track(stored).tobytes() == spec.of_track(extracted).tobytes()
    timeline = json.loads((tmp_path / "o" / "timeline.json").read_text())
    offline = classifier.classify(stored)
    for frame, row in zip(timeline["frames"], offline, strict=True):
        if frame["person"]:
            served = list(frame["probabilities"].values())
            assert served == [round(float(value), 4) for value in row]
        else:
            assert np.isnan(row).all()


def test_an_interrupted_analysis_resumes_with_the_same_result(
    run: Run, clip: Path, tmp_path: Path, params: Path
) -> None:
    """Killed after a finished chunk and run again, it writes the bytes of an undisturbed run."""
    arguments = [COMMAND, "analyze", "--params", params, clip, "--out", tmp_path / "killed"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    chunks = tmp_path / "killed" / ".checkpoints"
    Server.wait_for(lambda: list(chunks.glob("*.npz")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list(chunks.glob("*.npz"))) >= 1
    assert run("analyze", clip, "--out", tmp_path / "killed").returncode == 0
    assert run("analyze", clip, "--out", tmp_path / "whole").returncode == 0
    whole = tmp_path / "whole"
    for path in filter(Path.is_file, whole.rglob("*")):
        twin = tmp_path / "killed" / path.relative_to(whole)
        assert path.read_bytes() == twin.read_bytes(), path.name
    assert not chunks.exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: path.write_bytes(b""), "is empty", id="empty"),
        pytest.param(lambda path: path.write_text("hello"), "not a video", id="text"),
        pytest.param(write_audio, "sound but no video", id="sound"),
        pytest.param(lambda path: None, "There is no file", id="missing"),
    ],
)
def test_a_bad_video_is_a_message_and_exit_code_2(
    run: Run, tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    """There is no traceback and no folder of results."""
    make(tmp_path / "bad.mp4")
    done = run("analyze", tmp_path / "bad.mp4")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_damaged_video_is_analysed_and_reported(run: Run, clip: Path, tmp_path: Path) -> None:
    """For half a file, the exit code is 0 and the output names the damage."""
    content = clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) // 2])
    done = run("analyze", tmp_path / "cut.mp4")
    assert done.returncode == 0
    assert "cut.mp4 is truncated" in done.stdout


def test_classify_prints_a_line_per_photo(
    run: Run, photo: Path, empty_photo: Path, tmp_path: Path
) -> None:
    """A bad photo gives a message and exit code 2, and does not stop the others."""
    bad = tmp_path / "bad.jpg"
    bad.write_text("no photo")
    done = run("classify", "--json", photo, bad, empty_photo)
    assert done.returncode == 2
    assert done.stderr.startswith("bad.jpg is not a photo")
    assert "Traceback" not in done.stderr
    performer, empty = map(json.loads, done.stdout.splitlines())
    keys = ["path", "person", "in_view", "label", "uncertain", "confidence", "probabilities"]
    assert list(performer) == list(empty) == keys
    assert performer["path"] == str(photo)
    assert performer["label"] in performer["probabilities"]
    assert performer["uncertain"] == (performer["confidence"] < 0.6)
    assert (empty["person"], empty["label"]) == (False, None)
    text = run("classify", photo, empty_photo)
    assert text.returncode == 0
    assert text.stdout.splitlines()[0].startswith(f"{photo}: {performer['label']}")
    assert text.stdout.splitlines()[1] == f"{empty_photo}: no person"


def test_a_missing_model_is_a_message(run: Run, clip: Path, photo: Path, tmp_path: Path) -> None:
    """It names the file and what to do."""
    for command, file in (("analyze", clip), ("classify", photo)):
        done = run(command, file, "--model", tmp_path / "none.onnx")
        assert done.returncode == 2
        assert "none.onnx" in done.stderr
        assert "make starter" in done.stderr


def test_the_real_performer_is_recognised(
    run: Run, shared_data: Callable[[str], Path], model: Path, tiny_model: Path
) -> None:
    """The trained model recognises back levers in real photos."""
    if model == tiny_model:
        pytest.skip("needs the trained model")
    photos = [shared_data(f"straps/{name}.jpg") for name in ("back_lever", "back_lever_studio")]
    done = run("classify", "--json", *photos)
    labels = [json.loads(line)["label"] for line in done.stdout.splitlines()]
    assert "back lever" in labels
