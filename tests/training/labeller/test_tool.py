"""The labelling tool from outside: the recordings it offers, the labels it saves, how it stops."""

import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT
from tests.training.labeller.bodies import bodies_in_view
from tests.training.labeller.conftest import StartTool
from tests.training.labeller.tool import (
    SEED_RANGES,
    SEED_TABLE,
    Tool,
    run_to_end,
    write_clip,
    write_params,
)
from training.labels.label_tables import LabelledRange, LabelTable, write_labels
from training.recordings.catalog import landmarks_path
from training.synthetic.performance import performance_frames

VIDEO = "video_routine.mp4"
KILLS = 9


def routine(clip: Path) -> Callable[[Path], object]:
    return lambda folder: shutil.copy(clip, folder / "routine.mp4")


def test_killed_at_random_points_it_loses_at_most_the_last_key_press(
    tools: StartTool, tmp_path: Path
) -> None:
    """Confirmed key presses are on disk, tables are always valid, and labelling resumes there."""
    rng = random.Random(20261121)  # noqa: S311
    names = [f"video_{part}.mp4" for part in "ab"]
    clip = write_clip(tmp_path / "clip.mp4", 120, 0.04)
    tool = tools(
        lambda folder: [shutil.copy(clip, folder / f"{part}.mp4") for part in "ab"],
        label_videos={"skip_seconds": 0.05},
    )
    confirmed: dict[str, dict[int, str]] = {name: {} for name in names}
    for kill in range(KILLS):
        name = names[kill % 2]
        if tool.decoded(name)["labels"]["start_at"] is None:
            while tool.act(name, do="undo")["changed"]:
                pass
            confirmed[name] = {}
        start = tool.recording(name)["labels"]["start_at"]
        assert start == len(LabelTable(name, tool.table(name[6])).by_frame())
        killer = threading.Timer(rng.uniform(0.0, 0.25), tool.kill)
        killer.start()
        pressed = start - 1
        try:
            for frame, _ in tool.recording(name)["frames"]["shown"]:
                if frame >= start:
                    label, pressed = rng.choice(["Apple", "Banana", "Cherry"]), frame
                    tool.label(name, frame, label)
                    confirmed[name] |= dict.fromkeys(range(start, frame + 1), label)
                    start = frame + 1
        except httpx.TransportError:
            pass
        killer.join()
        on_disk = LabelTable(name, tool.table(name[6])).by_frame()
        # The key press that was not confirmed may still have been saved.
        assert confirmed[name].items() <= on_disk.items()
        assert len(on_disk) in (start, pressed + 1)
        tool.start()
        confirmed[name] = LabelTable(name, tool.table(name[6])).by_frame()
        assert confirmed[name].items() >= on_disk.items()
    for name in names:
        start = tool.decoded(name)["labels"]["start_at"]
        for frame, _ in tool.recording(name)["frames"]["shown"]:
            if start is not None and frame >= start:
                tool.label(name, frame, "Cherry")
        assert tool.recording(name)["labels"]["start_at"] is None
        assert tool.table(name[6])[-1].last == 119


@pytest.mark.parametrize("force", ["no", "one", "all"])
def test_labelled_recordings_are_offered_again_when_asked_for(
    tools: StartTool, seed_clip: Path, force: str
) -> None:
    """By default they are only listed; when forced, their labels stay until overwritten."""
    settings = {
        "no": {},
        "one": {"force_relabel": ["done", "nowhere.mp4"]},
        "all": {"force_relabel_all": True},
    }[force]

    def prepare(folder: Path) -> None:
        for name in ("done", "fresh", "half"):
            shutil.copy(seed_clip, folder / f"{name}.mp4")
        labels = folder.parents[1] / "interim" / "labels"
        done = LabelTable("video_done.mp4", SEED_RANGES)
        write_labels(done, labels / "video_done_labeled.csv")
        half = LabelTable("video_half.mov", (LabelledRange(0, 10, "Apple"),))
        write_labels(half, labels / "video_half_labeled.csv")

    tool = tools(prepare, label_videos=settings)
    tool.wait_for(lambda: all(one["frames"] for one in tool.listing()["recordings"]))
    queue = tool.listing()["queue"]
    assert ("nowhere.mp4" in tool.output) == (force == "one")
    if force == "no":
        assert queue == ["video_half.mp4", "video_fresh.mp4"]
        assert tool.decoded("video_done.mp4")["labels"]["start_at"] is None
        assert tool.decoded("video_half.mp4")["labels"]["start_at"] == 11
        return
    assert "video_done.mp4" in queue
    assert tool.decoded("video_done.mp4")["labels"]["start_at"] == 0
    tool.label("video_done.mp4", 0, "Cherry")
    assert tool.table("done")[1:] == SEED_RANGES[1:]
    tool.act("video_done.mp4", do="keep", frame=20)
    assert tool.recording("video_done.mp4")["labels"]["start_at"] == 21
    tool.label("video_done.mp4", 22, "Banana")
    assert tool.recording("video_done.mp4")["labels"]["start_at"] is None
    assert "video_done.mp4" not in tool.listing()["queue"]
    assert tool.table("done") == (
        LabelledRange(0, 0, "Cherry"),
        *SEED_RANGES[1:4],
        LabelledRange(21, 22, "Banana"),
    )
    tool.act("video_done.mp4", do="undo")
    assert "video_done.mp4" in tool.listing()["queue"]


def test_unreadable_recordings_are_reported_and_the_rest_can_be_labelled(
    tools: StartTool, seed_clip: Path
) -> None:
    """A damaged video and a damaged label table are reported; mirrored copies are left out."""

    def prepare(folder: Path) -> None:
        routine(seed_clip)(folder)
        (folder / "damaged.mp4").write_text("no video")
        shutil.copy(seed_clip, folder / "mirrored_routine.mp4")
        shutil.copy(seed_clip, folder / "odd.mp4")
        labels = folder.parents[1] / "interim" / "labels"
        labels.mkdir(parents=True)
        (labels / "video_odd_labeled.csv").write_text("frame,label\n")

    tool = tools(prepare)
    tool.wait_for(lambda: tool.listing()["queue"] == [VIDEO])
    problems = {one["name"]: one["problem"] for one in tool.listing()["recordings"]}
    assert set(problems) == {"routine.mp4", "damaged.mp4", "odd.mp4"}
    assert "damaged.mp4 is not a video" in problems["damaged.mp4"]
    assert "is not a label table" in problems["odd.mp4"]
    refused = tool.send("video_odd.mp4", do="label", frame=0, label="Apple")
    assert (refused.status_code, (tool.labels / "video_odd_labeled.csv").read_text()) == (
        409,
        "frame,label\n",
    )
    for frame, _, label, _ in SEED_TABLE:
        tool.label(VIDEO, frame, label)
    assert tool.table("routine") == SEED_RANGES
    assert tool.stop(signal.SIGINT) == 0
    assert "1 of 3 videos are labelled, 0 left" in tool.output
    assert "damaged.mp4" in tool.output.splitlines()[-2]


def test_foreign_requests_and_unknown_things_are_refused(tools: StartTool, seed_clip: Path) -> None:
    """Foreign host names and pages, unknown recordings and frames, files of the server."""
    tool = tools(routine(seed_clip))
    here = f"127.0.0.1:{tool.port}"
    actions = f"/api/recordings/{VIDEO}/actions"
    press = {"do": "label", "frame": 0, "label": "Apple", "request": "0123456789abcdef"}
    for headers in (
        {"Host": "labels.example.com"},
        {"Host": f"attacker.test:{tool.port}"},
        {"Origin": "http://attacker.test"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{tool.port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
    ):
        reply = tool.http.post(actions, json=press, headers=headers)
        assert reply.status_code == 403, headers
        assert reply.json()["detail"]
    assert tool.http.get("/", headers={"Host": "attacker.test"}).status_code == 403
    assert not list(tool.labels.glob("*.csv"))
    for headers in ({"Host": f"localhost:{tool.port}"}, {"Origin": f"http://{here}"}):
        assert tool.http.post(actions, json=press, headers=headers).status_code == 200
    for path, status in (
        ("/api/recordings/video_other.mp4", 404),
        ("/api/recordings/..%2F..%2Fparams.yaml", 404),
        ("/api/recordings/video_other.mp4/frames/0", 404),
        (f"/api/recordings/{VIDEO}/frames/23", 404),
        (f"/api/recordings/{VIDEO}/frames/first", 422),
        (f"/api/recordings/{VIDEO}/proposal?first=3&last=1", 404),
        ("/web/../app.py", 404),
        ("/web/%2e%2e/app.py", 404),
        ("/nothing", 404),
    ):
        reply = tool.http.get(path)
        assert (reply.status_code, bool(reply.json()["detail"])) == (status, True), path
    for action, status in (
        ({"do": "label", "frame": 23, "label": "Apple"}, 404),
        ({"do": "label", "frame": -1, "label": "Apple"}, 422),
        ({"do": "label", "frame": 0, "label": "Durian"}, 409),
        ({"do": "relabel", "frame": 9, "label": "Apple"}, 409),
        ({"do": "move_boundary", "boundary": 3, "to": 4}, 409),
        ({"do": "explode"}, 422),
    ):
        assert tool.send(VIDEO, **action).status_code == status, action
    reply = tool.http.get("/")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["x-frame-options"] == "DENY"


def test_problems_with_the_settings_are_reported(tmp_path: Path, seed_clip: Path) -> None:
    """A missing folder, only copies, a foreign host: a message with advice, and exit code 2."""
    params = write_params(tmp_path, labeller={"host": "192.0.2.1"})
    missing = subprocess.run(  # noqa: S603 - the installed command, once
        [Path(sys.executable).with_name("straps-train"), "label-videos", "--params", params],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (missing.returncode, "does not exist" in missing.stderr) == (2, True)
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(seed_clip, folder / "mirrored_routine.mp4")
    arguments = ("label-videos", "--params", str(params), "--input", str(folder))
    code, output = run_to_end(*arguments)
    assert (code, "only mirrored copies" in output) == (2, True)
    shutil.copy(seed_clip, folder / "routine.mp4")
    code, output = run_to_end(*arguments)
    assert (code, "Cannot listen at 192.0.2.1" in output) == (2, True)


def test_frames_names_notes_and_a_second_tool(tools: StartTool, seed_clip: Path) -> None:
    """Every frame has an image, suffixes may differ, a missing model is noted, one tool runs."""
    tool = tools(routine(seed_clip))
    view = tool.decoded(VIDEO)
    for frame in (22, 0, 7):
        for how in ("", "?fast=true"):
            reply = tool.http.get(f"/api/recordings/{VIDEO}/frames/{frame}{how}")
            assert reply.headers["content-type"] == "image/jpeg"
            assert reply.headers["x-frame"] == str(frame)
    assert tool.recording("video_routine.mov")["filename"] == VIDEO
    assert (view["proposals"]["state"], view["proposals"]["stretches"]) == ("none", [])
    assert "no_model.onnx" in view["proposals"]["note"]
    code, output = run_to_end("label-videos", "--params", str(tool.params))
    assert code == 2
    assert "Another labelling tool is already open for the videos" in output
    assert "Traceback" not in output


def test_photos_are_offered_by_uncertainty(tools: StartTool, model: Path, pose_model: Path) -> None:
    """Least sure first, without a person last; landmarks come from tables or are computed."""
    samples = bodies_in_view(8)
    stems = [f"pose{index}" for index in range(len(samples))]
    confidence: dict[str, float] = {}
    classifier = PoseClassifier(model)

    def prepare(folder: Path) -> None:
        grey = Image.new("RGB", (64, 48), (90, 90, 90))
        for index, stem in enumerate(stems):
            grey.save(folder / f"{stem}.jpg")
            size = int(samples.width[index]), int(samples.height[index])
            track = LandmarkTrack(
                *(f"{stem}.jpg", *size, np.zeros(1)),
                samples.image[index : index + 1],
                samples.world[index : index + 1],
                {},
            )
            table = landmarks_path(folder.parents[1] / "interim" / "landmarks", "photo", stem)
            table.parent.mkdir(parents=True, exist_ok=True)
            write_track(track, table)
            confidence[f"photo_{stem}.jpg"] = float(classifier.classify_photo(track).max())
        grey.save(folder / "aaa_nobody.png")
        (folder / "aab_damaged.jpg").write_text("no photo")
        Image.new("RGB", (64, 48)).save(folder / "mirrored_pose0.jpg")

    tool = tools(prepare, kind="photo", fruit=False, promotion={"output": str(model)})
    expected = [*sorted(confidence, key=confidence.__getitem__), "photo_aaa_nobody.png"]
    tool.wait_for(lambda: tool.listing()["queue"] == expected)
    view = tool.recording(expected[0])
    assert view["proposals"]["state"] == "ready"
    assert view["proposals"]["stretches"][0]["confidence"] == pytest.approx(
        confidence[expected[0]], abs=1e-3
    )
    tool.label(expected[0], 0, "meathook")
    tool.label(expected[1], 0, "nutcracker")
    assert tool.listing()["queue"] == expected[2:]
    text = (tool.labels / f"{Path(expected[1]).stem}_labeled.csv").read_text()
    assert text == f"frame_number,filename,label\n0,{expected[1]},nutcracker\n"
    undone = tool.act(expected[4], do="undo")
    assert undone["filename"] == expected[1]
    assert tool.listing()["queue"] == expected[1:]
    problems = [one["name"] for one in tool.listing()["recordings"] if one["problem"]]
    assert problems == ["aab_damaged.jpg"]


def test_a_video_gets_proposals_without_a_landmark_table(
    tools: StartTool, model: Path, pose_model: Path
) -> None:
    """They are computed in the background, one for each stretch, and nothing is stored."""

    def prepare(folder: Path) -> None:
        with VideoWriter(folder / "routine.mp4", 320, 240) as writer:
            frames = performance_frames(5, height=240, width=320, start_s=8.0, end_s=8.6)
            for index, (rgb, _, _) in enumerate(frames):
                writer.write(rgb, index / 25)

    settings = {"promotion": {"output": str(model)}, "label_videos": {"skip_seconds": 0.25}}
    tool = tools(prepare, fruit=False, **settings)
    tool.wait_for(lambda: tool.recording(VIDEO)["proposals"]["state"] == "ready")
    view = tool.recording(VIDEO)
    stretches = view["proposals"]["stretches"]
    assert [one["last"] for one in stretches] == [frame for frame, _ in view["frames"]["shown"]]
    assert [one["first"] for one in stretches[1:]] == [one["last"] + 1 for one in stretches[:-1]]
    known = PoseClassifier(model).labels
    assert all(one["label"] in known and 0 < one["confidence"] <= 1 for one in stretches)
    sure = {one["last"]: one["confidence"] for one in stretches}
    assert view["proposals"]["least_sure"] == sorted(sure, key=sure.__getitem__)
    everything = tool.http.get(f"/api/recordings/{VIDEO}/proposal?first=0&last=5").json()
    assert everything["label"] in known
    assert not tool.landmarks.exists()


def test_a_missing_pose_model_is_noted(
    tools: StartTool, model: Path, seed_clip: Path, tmp_path: Path
) -> None:
    """With a classifier but no pose model, labelling works without proposals."""
    params = write_params(tmp_path / "own", fruit=False, promotion={"output": str(model)})
    text = params.read_text().replace("model_path: null", "model_path: nowhere.task", 1)
    params.write_text(text)
    tool = Tool(params)
    tool.recordings.mkdir(parents=True)
    routine(seed_clip)(tool.recordings)
    tool.start()
    tool.wait_for(lambda: tool.recording(VIDEO)["proposals"]["state"] == "none")
    assert "nowhere.task" in tool.recording(VIDEO)["proposals"]["note"]
    tool.label(VIDEO, 0, "meathook")
    tool.close()
    assert "Traceback" not in tool.output


def test_an_unwritable_folder_of_labels_is_reported(tmp_path: Path, seed_clip: Path) -> None:
    """A message says which setting to change; here a file is where the folder should be."""
    params = write_params(tmp_path)
    tool = Tool(params)
    tool.recordings.mkdir(parents=True)
    routine(seed_clip)(tool.recordings)
    tool.labels.parent.mkdir(parents=True, exist_ok=True)
    tool.labels.write_text("not a folder")
    code, output = run_to_end("label-videos", "--params", str(params))
    tool.close()
    assert (code, "Labels cannot be saved in" in output) == (2, True)
    assert "Traceback" not in output


def test_labels_imported_meanwhile_are_shown(tools: StartTool, seed_clip: Path) -> None:
    """An open page that asks for its recording gets the labels that are on disk now."""
    tool = tools(routine(seed_clip))
    tool.decoded(VIDEO)
    tool.label(VIDEO, 5, "Apple")
    imported = (LabelledRange(0, 9, "Banana"),)
    write_labels(LabelTable(VIDEO, imported), tool.labels / "video_routine_labeled.csv")
    shown = tool.recording(VIDEO)["labels"]
    assert shown["ranges"] == [{"first": 0, "last": 9, "label": "Banana"}]
    assert not shown["can_undo"], "a step taken before the import cannot be undone"
    tool.label(VIDEO, 12, "Apple")
    assert tool.table("routine") == (*imported, LabelledRange(10, 12, "Apple"))
