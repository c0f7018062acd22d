"""The pose model file is verified, and pruned without changing a bit of the landmarks."""

import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from shared_features.errors import PoseAssetError
from shared_features.media.frames import RgbArray
from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.network.npm_package import download_package, read_network
from training.synthetic.performance import performance_frames


def test_the_pruned_network_gives_bit_identical_landmarks(
    pose_model: Path, pose: PoseParams, performer: list[RgbArray]
) -> None:
    """Removing the segmentation branch changes no landmark, in either mode."""
    stock = model_asset.default_path("stock")
    if not stock.is_file():
        pytest.skip(f"needs {stock.name}; run `make test`")
    model_asset.verify(stock, "stock")
    found = {}
    for model in (pose_model, stock):
        with (
            PoseEstimator(model, "video", 1, pose) as tracking,
            PoseEstimator(model, "photo", 1, pose) as detecting,
        ):
            people = [
                person
                for number, rgb in enumerate(performer)
                for person in tracking.people(rgb, number / 25) + detecting.people(rgb)
            ]
        found[model] = (
            np.array([person.image for person in people]),
            np.array([person.world for person in people]),
        )
    assert len(found[stock][0]) > 90
    for pruned, unpruned in zip(found[pose_model], found[stock], strict=True):
        assert pruned.tobytes() == unpruned.tobytes()


def test_a_missing_file_is_named_with_hash_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, the hash and the command that repairs it."""
    monkeypatch.setattr(model_asset, "MODELS_DIR", tmp_path)
    with pytest.raises(PoseAssetError) as error:
        model_asset.resolve(None)
    for part in (str(tmp_path), model_asset.SHA256["pruned"], model_asset.SETUP_COMMAND):
        assert part in str(error.value)


def test_a_damaged_file_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pose_model: Path
) -> None:
    """One changed byte is enough."""
    monkeypatch.setattr(model_asset, "MODELS_DIR", tmp_path)
    copy = Path(shutil.copy(pose_model, tmp_path))
    model_asset.verify(copy)
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(PoseAssetError, match="expected " + model_asset.SHA256["pruned"]):
        model_asset.resolve(None)


def test_a_users_own_file_is_used_if_it_exists(tmp_path: Path) -> None:
    """Any .task file the user names, or a message that it is missing."""
    own = tmp_path / "pose_landmarker_heavy.task"
    with pytest.raises(PoseAssetError, match=r"pose\.model_path"):
        model_asset.resolve(own)
    own.touch()
    assert model_asset.resolve(own) == own


def test_only_one_opencv_is_installed() -> None:
    """Two OpenCV distributions overwrite each other's files."""
    from importlib.metadata import distributions

    names = {d.metadata["Name"] for d in distributions()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_a_file_that_mediapipe_does_not_accept_is_a_message(
    tmp_path: Path, pose: PoseParams
) -> None:
    """A user's own file that is no pose model is named, with what to do."""
    own = tmp_path / "own.task"
    own.write_bytes(b"not a model")
    with pytest.raises(PoseAssetError, match=r"own\.task.*params\.yaml"):
        PoseEstimator(own, "photo", 1, pose)


@pytest.mark.parametrize("network", ["lite", "heavy"])
def test_another_network_is_used_by_name(
    network: Literal["lite", "heavy"],
    pose: PoseParams,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It finds the performer; where it is missing, the message has the command."""
    path = model_asset.default_path(network)
    if path.is_file():
        rgb = next(rgb for rgb, _, _ in performance_frames(seed=3, start_s=9.0))
        chosen = model_asset.resolve(None, network)
        with PoseEstimator(chosen, "photo", 1, pose) as estimator:
            assert len(estimator.people(rgb)) == 1
        assert model_asset.network_of(model_asset.sha256_of(None, network)) == network
    monkeypatch.setattr(model_asset, "MODELS_DIR", tmp_path)
    with pytest.raises(PoseAssetError, match=f"make {network}"):
        model_asset.resolve(None, network)


def test_another_file_than_the_npm_package_is_refused(tmp_path: Path) -> None:
    """By its hash, before anything is read from it."""
    other = tmp_path / "mediapipe-pose.tgz"
    other.write_bytes(b"another package")
    with pytest.raises(PoseAssetError, match="Download it again"):
        read_network(other, "heavy")


def test_without_npm_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package can be downloaded on another machine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PoseAssetError, match=r"Install Node\.js .* --package"):
        download_package(tmp_path)
