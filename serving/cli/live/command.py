"""``straps-serve live``: the pose in front of a camera, in the terminal or in a window."""

import time
from collections import deque
from contextlib import ExitStack, closing
from pathlib import Path

from rich.console import Console

from serving.cli.live.camera import Camera
from serving.cli.live.terminal import LiveView
from serving.live.classifier import LiveClassifier
from serving.live.trackers import FrameTracker
from serving.settings import load_settings
from shared_features.classify.classifier import PoseClassifier

_RATE_OVER_FRAMES = 30


def classify_live(source: str, window: bool, model: Path | None, params: Path | None) -> None:
    """Show poses until the source ends, the window is closed, or Ctrl+C is pressed.

    Args:
        source: Number of a camera, address of a stream, or path of a recording.
        window: Whether to show the frames in a window as well.
        model: Path of a model file; None for the one in the settings.
        params: Path of a settings file; None for the project's.

    Raises:
        StrapsError: The source, the model, a setting or the window cannot be used.
    """
    settings = load_settings(params)
    classifier = PoseClassifier(model or settings.serving.model_path)
    pose = settings.shared.pose
    with ExitStack() as stack:
        shown = None
        if window:
            from serving.cli.live.window import LiveWindow

            shown = stack.enter_context(closing(LiveWindow(f"straps live: {source}")))
        tracker = stack.enter_context(closing(FrameTracker(pose)))
        live = LiveClassifier(settings.serving.live, settings.shared.scoring, classifier)
        view = stack.enter_context(LiveView(Console(highlight=False)).showing())
        camera = stack.enter_context(Camera(source))
        finished_s: deque[float] = deque(maxlen=_RATE_OVER_FRAMES)
        last_s = 0.0
        try:
            for newest in camera.frames():
                frame = newest.frame
                prediction = live.classify(tracker.track(frame.rgb, frame.pts_s), frame.pts_s)
                last_s = frame.pts_s
                finished_s.append(time.monotonic())
                elapsed_s = finished_s[-1] - finished_s[0]
                fps = (len(finished_s) - 1) / elapsed_s if elapsed_s else 0.0
                view.update(prediction, fps, newest.dropped)
                if shown is not None:
                    shown.show(frame.rgb, prediction)
                    if not shown.is_open:
                        break
        except KeyboardInterrupt:
            pass  # the usual way to end it
        ended = live.finish(last_s)
        if ended is not None:
            view.add(ended)
