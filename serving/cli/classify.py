"""``straps-serve classify``: one line per photo.

Photos are read in a worker process: one that crashes a native decoder does not stop the others.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from serving.exports.predictions import Prediction, prediction_of
from serving.photos import PhotoReader
from serving.settings import load_settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import NO_PERSON, NOT_IN_VIEW
from shared_features.errors import MediaError, WorkerDiedError
from shared_features.runtime.worker_pool import WorkerPool


def classify_photos(
    photos: list[Path], as_json: bool, model: Path | None, params: Path | None
) -> bool:
    """Print a line for each photo, or a message if it cannot be read.

    Returns:
        Whether all photos could be read.

    Raises:
        StrapsError: The model or a setting cannot be used.
    """
    settings = load_settings(params)
    pool = WorkerPool(PhotoReader, settings.shared)
    pool.prepare()
    classifier = PoseClassifier(model or settings.serving.model_path)
    all_read = True
    timeout_s = settings.serving.photo_timeout_s
    try:
        for path in photos:
            try:
                with pool.worker() as worker:
                    worker.wait_until_ready()
                    track = worker.call("track", path, path.name, timeout_s=timeout_s)
            except MediaError as error:
                print(error, file=sys.stderr)
                all_read = False
            except WorkerDiedError as error:
                print(f"{path} crashed the program that reads it. {error}", file=sys.stderr)
                all_read = False
            else:
                probabilities = classifier.classify_photo(track)
                found = prediction_of(probabilities, classifier.contract, bool(track.person[0]))
                notes = track.provenance.get("notes", [])
                line = _json_line(path, found, notes) if as_json else _text_line(path, found)
                print(line, flush=True)
                for note in notes:
                    print(f"{path}: {note}", file=sys.stderr)
    finally:
        pool.close()
    return all_read


def _json_line(path: Path, found: Prediction, notes: list[str]) -> str:
    entry = {"path": str(path), **asdict(found)} | ({"notes": notes} if notes else {})
    return json.dumps(entry, ensure_ascii=False, allow_nan=False)


def _text_line(path: Path, found: Prediction) -> str:
    if found.label is None or found.confidence is None:
        return f"{path}: {NOT_IN_VIEW if found.person else NO_PERSON}"
    doubt = ", uncertain" if found.uncertain else ""
    return f"{path}: {found.label} ({found.confidence:.0%}{doubt})"
