"""The model that is served and whether everything that answers need is in place.

A missing or foreign model is no reason to stop: the process stays up, says why it is not ready, and
looks again, so putting the right file in place is all it takes.
"""

import logging
import threading

from serving.errors import NotReadyError
from serving.settings import Settings
from shared_features import pose_asset
from shared_features.classifier import PoseClassifier
from shared_features.errors import ClassifierError, PoseAssetError

_LOG = logging.getLogger(__name__)
# How long a failed start is remembered before the files are looked at again.
_RETRY_S = 1.0


class Engine:
    """Holds the verified model and pose asset, once they are there. Safe to share.

    Args:
        settings: which files.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._classifier: PoseClassifier | None = None
        self._problem = "The model is being loaded."
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._load, name="engine", daemon=True)

    def start(self) -> None:
        """Begin to load in the background; the service answers meanwhile."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking for files."""
        self._stop.set()
        self._thread.join()

    @property
    def problem(self) -> str | None:
        """Why there is no classifier; None when there is one."""
        with self._lock:
            return None if self._classifier is not None else self._problem

    def classifier(self) -> PoseClassifier:
        """The model that is served.

        Raises:
            NotReadyError: with the reason.
        """
        with self._lock:
            if self._classifier is None:
                raise NotReadyError(self._problem)
            return self._classifier

    def _load(self) -> None:
        told = ""
        while not self._stop.is_set():
            try:
                pose_asset.resolve(self._settings.shared.pose.model_path)
                classifier = PoseClassifier(self._settings.serving.model_path)
            except (ClassifierError, PoseAssetError) as error:
                problem = str(error)
            except OSError as error:
                problem = f"The model files cannot be read: {error}."
            else:
                with self._lock:
                    self._classifier = classifier
                _LOG.info("serving model %s (sha256 %s)", classifier.path, classifier.sha256)
                return
            with self._lock:
                self._problem = problem
            if problem != told:
                _LOG.warning("not ready: %s", problem)
                told = problem
            self._stop.wait(_RETRY_S)
