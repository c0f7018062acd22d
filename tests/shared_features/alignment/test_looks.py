"""Recordings without a person: what their frames look like tells where they are."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from shared_features.alignment.alignment import align
from shared_features.alignment.backbone import Backbone
from shared_features.alignment.sequences import even_sequence
from shared_features.errors import AlignmentError, ClassifierError
from shared_features.media.video.looks import frame_looks
from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams

FPS, SECONDS = 25, (8, 6)
WIDTH, HEIGHT = 160, 120
LENGTH = 1600

Drives = tuple[list[Path], list[NDArray[np.float64]]]


def scene() -> NDArray[np.uint8]:
    """A large picture with structures of several sizes."""
    rng = np.random.default_rng(0)
    picture = np.zeros((300, LENGTH, 3), dtype=np.float32)
    for size in (6, 24, 96):
        coarse = rng.normal(size=(300 // size + 2, LENGTH // size + 2, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (LENGTH, 300), interpolation=cv2.INTER_CUBIC)
    return cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def drive(path: Path, seconds: int, seed: int) -> NDArray[np.float64]:
    """Move a shaking camera through the scene at a changing speed; returns where it is."""
    rng, picture, frames = np.random.default_rng(seed), scene(), seconds * FPS
    speed = np.exp(np.interp(np.linspace(0, 4, frames), range(5), rng.uniform(-0.5, 0.5, 5)))
    place = np.cumsum(speed) / speed.sum()
    with VideoWriter(path, WIDTH, HEIGHT) as writer:
        for index, share in enumerate(place):
            x = share * (LENGTH - WIDTH - 20) + rng.uniform(0, 6)
            y = 80 + 40 * np.sin(9 * share) + rng.uniform(0, 6)
            part = picture[int(y) : int(y) + HEIGHT, int(x) : int(x) + WIDTH]
            lit = np.clip(part * rng.uniform(0.9, 1.1), 0, 255).astype(np.uint8)
            writer.write(np.ascontiguousarray(lit), index / FPS)
    return place


@pytest.fixture(scope="module")
def drives(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[list[Path], list[NDArray[np.float64]]]:
    folder = tmp_path_factory.mktemp("drives")
    paths = [folder / "first.mp4", folder / "second.mp4"]
    return paths, [
        drive(path, s, seed) for seed, (path, s) in enumerate(zip(paths, SECONDS, strict=True))
    ]


def test_a_place_is_found_again_at_another_speed(drives: Drives, media: MediaParams) -> None:
    """To a fraction of a second, and the reverse drive is not taken for the same."""
    paths, places = drives
    looks = [frame_looks(path, media) for path in paths]
    first, second = (even_sequence("drive", *look) for look in looks)
    alignment = align(first, second)
    moments_s = np.arange(0.5, SECONDS[0] - 0.5, 0.25)
    at = np.interp(moments_s, np.arange(len(places[0])) / FPS, places[0])
    truth_s = np.interp(at, places[1], np.arange(len(places[1])) / FPS)
    assert np.median(np.abs(alignment.at(moments_s) - truth_s)) <= 0.2
    assert alignment.fit.same_routine
    backwards = even_sequence("backwards", looks[1][0], looks[1][1][::-1])
    assert not align(first, backwards).fit.same_routine


def network(path: Path, channels: int) -> Path:
    """A network that averages the colours of an image."""
    node = helper.make_node("GlobalAveragePool", ["image"], ["vector"])
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, 32, 32])
    output = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, channels, 1, 1])
    graph = helper.make_graph([node], "colours", [given], [output])
    opset = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def test_a_network_of_the_user_describes_frames(tmp_path: Path) -> None:
    """Frames are scaled to its input, with the usual mean and deviation."""
    backbone = Backbone(network(tmp_path / "colours.onnx", 3))
    red = np.zeros((48, 64, 3), dtype=np.uint8)
    red[..., 0] = 255
    expected = (np.array([1.0, 0, 0]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(backbone(red), expected, atol=1e-4)


def test_what_is_no_image_network_is_refused(tmp_path: Path) -> None:
    """The message says what was given and what is expected."""
    with pytest.raises(AlignmentError, match=r"There is no network .*gone\.onnx"):
        Backbone(tmp_path / "gone.onnx")
    with pytest.raises(AlignmentError, match="expected one input of images"):
        Backbone(network(tmp_path / "four.onnx", 4))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(ClassifierError, match="not a readable ONNX file"):
        Backbone(broken)
