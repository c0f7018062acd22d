"""MediaPipe called directly gives the landmarks of its own package, and its error messages."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shared_features.media.frames import RgbArray
from shared_features.pose import model_asset
from shared_features.pose.network import landmarker
from shared_features.pose.network.landmarker import Landmarker
from shared_features.pose.network.mediapipe_c import MediaPipeError

pytestmark = pytest.mark.usefixtures("pose_model")


@pytest.fixture(scope="module")
def pictures(performer: list[RgbArray]) -> list[RgbArray]:
    return performer[25:]


@pytest.mark.parametrize("mode", ["photo", "video"])
def test_landmarks_are_those_of_mediapipes_own_package(
    pictures: list[RgbArray], mode: landmarker.RunningMode
) -> None:
    """The same people with the same bits, tracked or detected in every frame."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    running_modes = {"photo": vision.RunningMode.IMAGE, "video": vision.RunningMode.VIDEO}
    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model_asset.default_path())),
        running_mode=running_modes[mode],
        num_poses=2,
    )
    direct = Landmarker(model_asset.default_path(), mode, 2, 0.5, 0.5)
    n_people = 0
    with vision.PoseLandmarker.create_from_options(options) as reference:
        for number, rgb in enumerate(pictures):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
            if mode == "photo":
                expected, found = reference.detect(image), direct.detect(rgb, None)
            else:
                expected = reference.detect_for_video(image, number * 40)
                found = direct.detect(rgb, number * 40)
            assert len(found) == len(expected.pose_landmarks)
            people = zip(found, expected.pose_landmarks, expected.pose_world_landmarks, strict=True)
            for (in_image, in_world), image_points, world_points in people:
                n_people += 1
                image_rows = [(p.x, p.y, p.z, p.visibility, p.presence) for p in image_points]
                assert np.array_equal(in_image, np.array(image_rows, dtype=np.float32))
                world_rows = [(p.x, p.y, p.z) for p in world_points]
                assert np.array_equal(in_world, np.array(world_rows, dtype=np.float32))
    direct.close()
    assert n_people >= len(pictures) // 2


def test_results_outlive_the_next_frame_and_the_landmarker(pictures: list[RgbArray]) -> None:
    """Landmarks are copied out of MediaPipe's memory."""
    direct = Landmarker(model_asset.default_path(), "photo", 1, 0.5, 0.5)
    (first,) = direct.detect(pictures[0], None)
    kept = first[0].copy(), first[1].copy()
    direct.detect(pictures[-1], None)
    direct.close()
    direct.close()
    assert np.array_equal(first[0], kept[0])
    assert np.array_equal(first[1], kept[1])


def test_a_time_that_does_not_increase_is_refused_and_the_landmarker_still_works(
    pictures: list[RgbArray],
) -> None:
    """MediaPipe's message reaches the caller, every time."""
    direct = Landmarker(model_asset.default_path(), "video", 1, 0.5, 0.5)
    direct.detect(pictures[0], 40)
    for _ in range(3):
        with pytest.raises(MediaPipeError, match="timestamp"):
            direct.detect(pictures[1], 40)
    direct.close()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """The message is MediaPipe's own."""
    own = tmp_path / "own.task"
    own.write_bytes(b"not a model")
    with pytest.raises(MediaPipeError, match=r"\w"):
        Landmarker(own, "photo", 1, 0.5, 0.5)


def test_the_package_itself_is_not_imported() -> None:
    """It would take a second, and import a plotting and an audio library."""
    code = (
        "import sys; from pathlib import Path; from shared_features.pose import model_asset\n"
        "from shared_features.pose.network.landmarker import Landmarker\n"
        "Landmarker(model_asset.default_path(), 'photo', 1, 0.5, 0.5).close()\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603 - our own code
    assert not {"mediapipe", "matplotlib", "sounddevice"} & set(done.stdout.decode().split())
