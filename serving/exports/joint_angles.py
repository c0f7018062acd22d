"""Joint angles over time for a chart: small enough for a browser, however long the video."""

import json
import math
from typing import TextIO

from serving.analysis import Analysis
from serving.exports.entries import TIME_DIGITS
from shared_features.features.angles import COLUMNS, joint_angles_deg
from shared_features.features.points import point_array

MAX_POINTS = 2000


def write_angles(analysis: Analysis, file: TextIO) -> None:
    """``{"pts_s": [...], "angles": {"left elbow": [...], ...}}``.

    Angles are measured in the image (in square pixels, as the camera sees them), not in space: 0 to
    180 degrees, rounded to 0.1; null without a person. A video of more than 2000 frames is thinned
    evenly, to every second frame, every third, and so on.
    """
    track = analysis.track
    step = max(1, math.ceil(len(track) / MAX_POINTS))
    points = point_array(track.image[::step], None, track.aspect)
    columns = joint_angles_deg(points).T.tolist()
    angles = {
        _name(column): [None if math.isnan(value) else round(value, 1) for value in values]
        for column, values in zip(COLUMNS, columns, strict=True)
    }
    pts_s = [round(float(time), TIME_DIGITS) for time in track.pts_s[::step]]
    json.dump({"pts_s": pts_s, "angles": angles}, file, allow_nan=False)


def _name(column: str) -> str:
    """Name of a joint for people: ``left elbow`` for ``left_elbow_angle``."""
    return column.removesuffix("_angle").replace("_", " ")
