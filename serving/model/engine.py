"""The model that is served and whether everything that answers need is in place.

A missing or foreign model is no reason to stop: the process stays up, says why it is not ready, and
looks again, so putting the right file in place is all it takes. The same goes for another model
later on: the file is watched, and the one that is put in its place is loaded and tried out beside
the old one, then takes over. What has begun with the old one ends with it; a file that cannot be
used changes nothing but is named.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from serving.errors import NotReadyError
from serving.model.file import FileIdentity, file_identity, load_verified
from serving.settings import Settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import ClassifierError, PoseAssetError
from shared_features.pose import model_asset

_LOG = logging.getLogger(__name__)
# A model that is put in place is noticed at the next look and loaded at the one after that.
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class ServedModel:
    """A model and since when it is served."""

    classifier: PoseClassifier
    loaded_at: datetime


class Engine:
    """Holds the verified model and pose asset, once they are there. Safe to share.

    Args:
        settings: which files.
        look_every_s: how often the model file is looked at.
    """

    def __init__(self, settings: Settings, look_every_s: float = _LOOK_EVERY_S) -> None:
        self._path = settings.serving.model_path
        self._pose_model_path = settings.shared.pose.model_path
        self._look_every_s = look_every_s
        self._lock = threading.Lock()
        self._served: ServedModel | None = None
        self._problem: str | None = "The model is being loaded."
        # Only the thread touches these: the file of the last look, and the last one that was tried
        # out, with what was wrong with it.
        self._seen: FileIdentity | None = None
        self._tried: FileIdentity | None = None
        self._refusal: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="engine", daemon=True)

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
            return self._problem if self._served is None else None

    @property
    def file_problem(self) -> str | None:
        """Why the file in place is not the model that is served; None when it is, or none is."""
        with self._lock:
            return self._problem if self._served is not None else None

    def served(self) -> ServedModel:
        """The model that is served, and since when.

        Raises:
            NotReadyError: with the reason.
        """
        with self._lock:
            if self._served is None:
                raise NotReadyError(self._problem or "There is no model.")
            return self._served

    def classifier(self) -> PoseClassifier:
        """The model that is served. Ask once for all that has to come from one model.

        Raises:
            NotReadyError: with the reason.
        """
        return self.served().classifier

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except (ClassifierError, PoseAssetError) as error:
                self._note(str(error))
            except (OSError, MemoryError) as error:
                # The next look tries again.
                self._note(f"The model files cannot be read: {error or type(error).__name__}.")
            self._stop.wait(self._look_every_s)

    def _look(self) -> None:
        if self._served is None:
            model_asset.resolve(self._pose_model_path)
        identity = file_identity(self._path)
        if identity is None:
            raise ClassifierError(
                f"There is no model file {self._path}. Promote a model, run `make starter` to "
                "build the starter model, or set `serving.model_path` in params.yaml."
            )
        at_rest = self._seen in (None, identity)  # else it may still be being written
        self._seen = identity
        if identity == self._tried:
            self._note(self._refusal)
        elif at_rest:
            self._try(identity)

    def _try(self, identity: FileIdentity) -> None:
        try:
            classifier, refusal = load_verified(self._path), None
        except ClassifierError as error:
            classifier, refusal = None, str(error)
        if file_identity(self._path) != identity:
            return  # it is not certain which file that was, nor that it was whole
        self._tried, self._refusal = identity, refusal
        if classifier is not None:
            self._serve(classifier)
        self._note(refusal)

    def _serve(self, classifier: PoseClassifier) -> None:
        with self._lock:
            before = self._served
            if before is not None and before.classifier.sha256 == classifier.sha256:
                return
            self._served = ServedModel(classifier, datetime.now(UTC))
            self._problem = None
        _LOG.info(
            "serving model %s (sha256 %s)%s",
            classifier.path,
            classifier.sha256,
            f" instead of {before.classifier.sha256}" if before else "",
        )

    def _note(self, problem: str | None) -> None:
        """Keep what is wrong with the files, if anything, and say it once."""
        with self._lock:
            told = "not ready: %s"
            if problem is not None and self._served is not None:
                told = "the model file is not served: %s"
                problem += (
                    f" The model with sha256 {self._served.classifier.sha256} goes on answering, "
                    "but a restart would not be ready."
                )
            changed, self._problem = problem != self._problem, problem
        if changed and problem is None:
            _LOG.info("the model file is the one that is served again")
        elif changed:
            _LOG.warning(told, problem)
