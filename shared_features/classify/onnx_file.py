"""Opening ONNX files. Only this folder uses onnxruntime."""

import os
from pathlib import Path
from typing import Any

from shared_features.errors import ClassifierError

# Unless this is set before the import, onnxruntime collects usage data and leaves a file in the
# temporary folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def open_session(path: Path, content: bytes, how_to_make: str) -> Any:
    """An onnxruntime session on one thread.

    Args:
        path: Where the file is, for messages.
        content: Contents of the file.
        how_to_make: A sentence on how to get a good file.

    Raises:
        ClassifierError: It is not an ONNX file that can be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One input takes microseconds, so more threads would cost more than they gain.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base class
        raise ClassifierError(
            f"{path} is not a readable ONNX file ({type(error).__name__}). {how_to_make}"
        ) from error


def metadata_of(session: Any) -> dict[str, str]:
    """The metadata of a session's file."""
    return dict(session.get_modelmeta().custom_metadata_map)


def last_sizes(session: Any, input_name: str, output_name: str) -> tuple[Any, Any]:
    """Sizes of the last axis of an input and an output; None for one that is not there."""
    inputs = {i.name: i.shape for i in session.get_inputs()}
    outputs = {o.name: o.shape for o in session.get_outputs()}
    return inputs.get(input_name, [None])[-1], outputs.get(output_name, [None])[-1]
