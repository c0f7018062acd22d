"""A network of the user's own that turns a frame into a vector."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_features.classify.onnx_file import open_session
from shared_features.errors import AlignmentError
from shared_features.media.frames import RgbArray

# Of ImageNet, which nearly all public backbones were trained with.
_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
_USUAL_SIZE = 224


class Backbone:
    """An image network: one input ``(1, 3, height, width)`` of float32, and a vector as output.

    Args:
        path: Path of the ONNX file.

    Raises:
        AlignmentError: It is not such a network.
        ClassifierError: It is not an ONNX file.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise AlignmentError(f"There is no network {path}. Give the path of an ONNX file.")
        self._session = open_session(path, path.read_bytes(), "Export it again.")
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if inputs else []
        if len(inputs) != 1 or len(shape) != 4 or shape[1] != 3:
            raise AlignmentError(
                f"{path} takes {[one.shape for one in inputs]}, expected one input of images: "
                "(1, 3, height, width)."
            )
        self._name = inputs[0].name
        self._height, self._width = (
            side if isinstance(side, int) else _USUAL_SIZE for side in shape[2:]
        )

    def __call__(self, rgb: RgbArray) -> NDArray[np.float64]:
        """The vector of a frame ``(height, width, 3)``."""
        size = self._width, self._height
        scaled = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        image = ((scaled - _MEAN) / _DEVIATION).astype(np.float32).transpose(2, 0, 1)[None]
        output = self._session.run(None, {self._name: image})[0]
        return np.asarray(output, dtype=np.float64).ravel()
