"""The published package that carries the lite and the heavy landmark network.

No Python package carries them. ``@mediapipe/pose`` (Apache-2.0) is downloaded by name, version and
hash with npm's own client, which does not install it.
"""

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

from shared_features.errors import PoseAssetError

_PACKAGE = "@mediapipe/pose@0.5.1675469404"
_SHA256 = "8bb349a7b3a3ba699df23be804ddd3b3eab810b50b15406894be257859388a84"
_SECONDS = 600


def download_package(folder: Path) -> Path:
    """Download the package with npm.

    Raises:
        PoseAssetError: npm is not installed, or could not download it.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PoseAssetError(
            f"The networks lite and heavy are in the npm package {_PACKAGE}, but npm is not "
            "installed. Install Node.js and try again, or run `npm pack "
            f"{_PACKAGE}` on another machine and pass the file with --package."
        )
    command = [npm, "pack", "--silent", f"--pack-destination={folder}", _PACKAGE]
    try:
        done = subprocess.run(  # noqa: S603 - no part of it comes from a user
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        reported = done.stderr.strip() or f"exit code {done.returncode}"
    except subprocess.TimeoutExpired:
        reported = f"nothing within {_SECONDS} s"
    packages = sorted(folder.glob("*.tgz"))
    if not packages:
        raise PoseAssetError(
            f"Could not download {_PACKAGE}. npm reported: {reported}. Check the network and try "
            f"again, or run `npm pack {_PACKAGE}` on another machine and pass the file with "
            "--package."
        )
    return packages[0]


def read_network(package: Path, network: str) -> bytes:
    """The landmark network of this name in the package.

    Raises:
        PoseAssetError: The file is not the package.
    """
    try:
        found = hashlib.sha256(package.read_bytes()).hexdigest()
    except OSError as error:
        raise PoseAssetError(f"Cannot read {package} ({error.strerror or error}).") from error
    if found != _SHA256:
        raise PoseAssetError(
            f"{package} has sha256 {found}, expected {_SHA256}: it is not {_PACKAGE}. Download it "
            "again."
        )
    with tarfile.open(package) as archive:
        member = archive.extractfile(f"package/pose_landmark_{network}.tflite")
        assert member is not None  # noqa: S101 - the hash says that it is there
        return member.read()
