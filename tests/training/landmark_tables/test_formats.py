"""Landmarks from and to the files of other programs."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_features.landmarks.landmarks import (
    LANDMARK_INDEX,
    LANDMARK_NAMES,
    VISIBILITY,
    LandmarkTrack,
    X,
    Y,
    Z,
)
from shared_features.landmarks.track_csv import read_track
from tests.shared_features.bodies import landmarks
from training.errors import TrainingError
from training.landmark_tables.formats import LOST, read_landmark_file, write_landmark_file
from training.landmark_tables.import_landmarks import LandmarkRequest, import_landmarks
from training.params import load_all

JOINTS = ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")


def track(image: np.ndarray, world: np.ndarray, missing: int | None = None) -> LandmarkTrack:
    """Uneven times; a frame without a person if asked for. World landmarks are hip-centred."""
    image = image.clip(0, 1)
    hips = [LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"]]
    world = world - world[:, hips].mean(axis=1, keepdims=True)
    if missing is not None:
        image[missing] = np.nan
        world[missing] = np.nan
    times_s = np.cumsum([0.0, 0.04, 0.03, 0.05, 0.04])[: len(image)]
    return LandmarkTrack("routine.mp4", 1280, 720, times_s, image, world)


@pytest.mark.parametrize("suffix", LOST)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=landmarks(frames=5), missing=st.none() | st.integers(1, 3))
def test_a_track_that_goes_out_and_comes_back_is_the_same(
    tmp_path: Path, suffix: str, body: tuple[np.ndarray, np.ndarray], missing: int | None
) -> None:
    """Within the precision of the format, and but for what it says that it cannot carry."""
    before = track(*body, missing)
    path = tmp_path / f"landmarks{suffix}"
    lost = write_landmark_file(before, path, None)
    [after], _ = read_landmark_file(path)
    if suffix == ".c3d":
        np.testing.assert_allclose(after.world, before.world, atol=1e-6)
        return
    scale = np.array([1280, 720, 1280]) if after.in_pixels else np.ones(3)
    channels = [X, Y] if "depth" in lost else [X, Y, Z]
    np.testing.assert_allclose(
        after.image[..., channels] / scale[channels], before.image[..., channels], atol=2e-7
    )
    if suffix in (".csv", ".h5"):
        np.testing.assert_allclose(after.image[..., VISIBILITY], before.image[..., VISIBILITY])
    if suffix in (".trc", ".json", ".parquet"):
        assert np.array_equal(after.times_s, before.pts_s)  # type: ignore[arg-type]
    if suffix == ".json":
        sure = before.image[..., VISIBILITY] >= 0.5
        assert np.array_equal(after.image[..., VISIBILITY] >= 0.5, sure)
    if suffix == ".parquet":
        assert not lost
        assert np.array_equal(after.image, before.image, equal_nan=True)
        assert np.array_equal(after.world, before.world, equal_nan=True)


def test_metric_trc_has_y_upwards_and_comes_back(tmp_path: Path) -> None:
    """As OpenSim expects it: the nose of a standing body is above its hips."""
    image = np.full((2, 33, 5), 0.5, dtype=np.float32)
    world = np.zeros((2, 33, 3), dtype=np.float32)
    world[:, LANDMARK_INDEX["NOSE"]] = 0.05, -0.6, -0.1
    before = track(image, world)
    write_landmark_file(before, tmp_path / "body.trc", "metres")
    lines = (tmp_path / "body.trc").read_text().splitlines()
    assert lines[1].split("\t")[4] == "Units"
    assert lines[2].split("\t")[4] == "m"
    assert float(lines[5].split("\t")[3]) == pytest.approx(0.6)
    # Zeros mean that a marker was not found, so hips at the origin are missing.
    with pytest.raises(TrainingError, match="no world landmarks"):
        write_landmark_file(track(image, world * np.nan), tmp_path / "none.trc", "metres")


def test_a_trc_of_pose2sim_is_read(tmp_path: Path) -> None:
    """Its marker names, its blank line after the axes, millimetres and y upwards."""
    names = ["Hip", *(f"{side}{joint}" for side in "RL" for joint in JOINTS), "RBigToe", "Nose"]
    header = (
        "PathFileType\t4\t(X/Y/Z)\tdemo.trc\n"
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
        "OrigNumFrames\n"
        f"60\t60\t3\t{len(names)}\tmm\t60\t0\t3\n"
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t\n"
        "\t\t" + "\t".join(f"{a}{n + 1}" for n in range(len(names)) for a in "XYZ") + "\t\n\n"
    )
    random = np.random.default_rng(0)
    positions = random.normal(1000, 300, (3, len(names), 3))
    rows = [
        "\t".join([str(n), f"{n / 60:.6f}", *(f"{v:.6f}" for v in frame.ravel())]) + "\n"
        for n, frame in enumerate(positions)
    ]
    path = tmp_path / "demo.trc"
    path.write_text(header + "".join(rows))
    [read], remarks = read_landmark_file(path)
    assert read.times_s == pytest.approx(np.arange(3) / 60, abs=1e-6)
    distance = np.linalg.norm(positions[:, 1] - positions[:, 7], axis=1) / 1000
    right, left = (LANDMARK_INDEX[f"{side}_SHOULDER"] for side in ("RIGHT", "LEFT"))
    found = np.linalg.norm(read.world[:, right] - read.world[:, left], axis=1)
    assert found == pytest.approx(distance, rel=1e-4)
    higher = positions[:, 1, 1] > positions[:, 4, 1]
    hip = LANDMARK_INDEX["RIGHT_HIP"]
    assert np.array_equal(read.image[:, right, Y] < read.image[:, hip, Y], higher)
    assert "Points that were not used: Hip." in remarks
    assert not np.isnan(read.world[:, LANDMARK_INDEX["RIGHT_FOOT_INDEX"]]).any()


def test_a_c3d_with_z_upwards_is_turned(tmp_path: Path) -> None:
    """Written by ezc3d itself, in millimetres, without saying which way is up."""
    import ezc3d

    names = [f"{side}{joint}" for side in "RL" for joint in JOINTS]
    content = ezc3d.c3d()
    content["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    content["parameters"]["POINT"]["LABELS"]["value"] = names
    content["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    points = np.ones((4, len(names), 4))
    points[:3] = np.random.default_rng(1).normal(0, 500, (3, len(names), 1))
    content["data"]["points"] = points
    content.write(str(tmp_path / "lab.c3d"))
    [read], _ = read_landmark_file(tmp_path / "lab.c3d")
    assert read.times_s == pytest.approx([0, 0.01, 0.02, 0.03])
    shoulder, hip = LANDMARK_INDEX["RIGHT_SHOULDER"], LANDMARK_INDEX["RIGHT_HIP"]
    rise = (points[2, 0, 0] - points[2, 3, 0]) / 1000
    assert read.world[0, hip, 1] - read.world[0, shoulder, 1] == pytest.approx(rise, abs=1e-5)


def test_a_coco_file_of_17_keypoints_becomes_a_landmark_table(tmp_path: Path) -> None:
    """As annotation tools write it; the surest of two people is taken, the face is completed."""
    _, training = load_all()
    keypoints = [[100 + 10 * n, 50 + 10 * n, 2] for n in range(17)]
    keypoints[3] = [0, 0, 0]
    flat = [value for point in keypoints for value in point]
    other = [1.0, 1.0, 2.0] * 17
    content = {
        "images": [
            {"id": n + 7, "file_name": f"f{n}.jpg", "width": 640, "height": 480} for n in range(3)
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "keypoints": flat, "score": 0.9},
            {"id": 2, "image_id": 7, "category_id": 1, "keypoints": other, "score": 0.1},
            {"id": 3, "image_id": 9, "category_id": 1, "keypoints": flat},
        ],
    }
    source = tmp_path / "person_keypoints.json"
    source.write_text(json.dumps(content))
    shared, _ = load_all()
    data = training.data.model_copy(update={"landmarks": tmp_path / "landmarks"})
    request = LandmarkRequest(source, recording="routine.mp4", fps=25.0)
    imported = import_landmarks(request, data, shared.media)
    assert imported.frames == 3
    assert imported.without_person == 1
    assert any("several people" in warning for warning in imported.warnings)
    table = read_track(tmp_path / "landmarks" / "video_routine_landmarks.csv")
    assert table.person.tolist() == [True, False, True]
    hip = table.image[0, LANDMARK_INDEX["LEFT_HIP"]]
    assert hip[:2] == pytest.approx([(100 + 110) / 640, (50 + 110) / 480], rel=1e-6)
    assert np.isnan(table.image[0, LANDMARK_INDEX["LEFT_EAR"], 0])
    with pytest.raises(TrainingError, match="Give the frames per second with --fps"):
        import_landmarks(
            LandmarkRequest(source, recording="routine.mp4", replace=True), data, shared.media
        )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.trc", "nonsense", "cannot be read as .trc"),
        ("a.json", '{"images": []}', "cannot be read as COCO keypoints"),
        ("a.csv", "scorer,x,x,x\nbodyparts,a,a\n", "cannot be read as a table of DeepLabCut"),
        ("a.parquet", "nonsense", "cannot be read as Parquet"),
        ("a.c3d", "nonsense", "cannot be read as .c3d"),
        ("a.h5", "nonsense", "cannot be read as a table of DeepLabCut"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    """With a message instead of a traceback."""
    (tmp_path / name).write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_landmark_file(tmp_path / name)


def test_points_of_something_else_are_refused(tmp_path: Path) -> None:
    """A mouse has no wrists."""
    text = "scorer,net,net,net\nbodyparts,snout,snout,snout\ncoords,x,y,likelihood\n0,1,2,0.9\n"
    (tmp_path / "mouse.csv").write_text(text)
    with pytest.raises(TrainingError, match="lacks LEFT_SHOULDER"):
        read_landmark_file(tmp_path / "mouse.csv")
    body = track(np.full((1, 33, 5), 0.5, "f4"), np.full((1, 33, 3), 0.5, "f4"))
    with pytest.raises(TrainingError, match=r"expected one of \.trc"):
        write_landmark_file(body, tmp_path / "a.bvh", None)
    assert len(LANDMARK_NAMES) == 33
