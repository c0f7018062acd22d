"""``straps-serve classify``: one line per photo."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from serving.exports.predictions import Prediction, prediction_of
from serving.settings import load_settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import MediaError
from shared_features.media.photos import read_photo
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track


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
    classifier = PoseClassifier(model or settings.serving.model_path)
    pose = settings.shared.pose
    model_path = model_asset.resolve(pose.model_path)
    all_read = True
    with PoseEstimator(model_path, "photo", pose.max_people, pose) as estimator:
        for path in photos:
            try:
                frame = read_photo(path, settings.shared.media)
            except MediaError as error:
                print(error, file=sys.stderr)
                all_read = False
                continue
            track = photo_track(path.name, frame, estimator, pose)
            found = prediction_of(classifier.classify(track)[0], classifier.contract)
            print(_json_line(path, found) if as_json else _text_line(path, found), flush=True)
    return all_read


def _json_line(path: Path, found: Prediction) -> str:
    return json.dumps({"path": str(path), **asdict(found)}, ensure_ascii=False, allow_nan=False)


def _text_line(path: Path, found: Prediction) -> str:
    if found.label is None or found.confidence is None:
        return f"{path}: no person"
    doubt = ", uncertain" if found.uncertain else ""
    return f"{path}: {found.label} ({found.confidence:.0%}{doubt})"
