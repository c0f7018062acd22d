"""The model being served, and its replacement when the model file changes.

A missing or unusable model does not stop the process: it stays up, reports why it is not ready, and
keeps checking, so putting the right file in place is enough. The same applies later: the file is
watched, and a new model is loaded and verified while the old one is still being served, then takes
over. Requests that started with the old model finish with it. A file that cannot be used changes
nothing, but is reported.
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
# A new file is noticed at the next check and loaded at the one after that.
_CHECK_INTERVAL_S = 0.5


@dataclass(frozen=True)
class ServedModel:
    """A model being served.

    Attributes:
        classifier: The model.
        loaded_at: Time at which it was loaded.
    """

    classifier: PoseClassifier
    loaded_at: datetime


class Engine:
    """Watches the model file and holds the verified model. Thread-safe.

    Args:
        settings: Paths of the model and of the pose model.
        check_interval_s: Time between two checks of the model file.
    """

    def __init__(self, settings: Settings, check_interval_s: float = _CHECK_INTERVAL_S) -> None:
        self._path = settings.serving.model_path
        self._pose = settings.shared.pose
        self._check_interval_s = check_interval_s
        self._lock = threading.Lock()
        self._served: ServedModel | None = None
        self._problem: str | None = "The model is loading."
        # Only the watching thread uses these: the file seen at the last check, and the last file
        # that was loaded, with the reason if it was refused.
        self._seen: FileIdentity | None = None
        self._loaded: FileIdentity | None = None
        self._refusal: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="engine", daemon=True)

    def start(self) -> None:
        """Start loading and watching in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    @property
    def problem(self) -> str | None:
        """Reason there is no model; None when there is one."""
        with self._lock:
            return self._problem if self._served is None else None

    @property
    def file_problem(self) -> str | None:
        """Reason the model file is not being served; None if it is, or if no model is."""
        with self._lock:
            return self._problem if self._served is not None else None

    def served(self) -> ServedModel:
        """The model being served, with its load time.

        Raises:
            NotReadyError: No model has been loaded; the message has the reason.
        """
        with self._lock:
            if self._served is None:
                raise NotReadyError(self._problem or "There is no model.")
            return self._served

    def classifier(self) -> PoseClassifier:
        """The model being served. Call once for all predictions that must come from one model.

        Raises:
            NotReadyError: No model has been loaded; the message has the reason.
        """
        return self.served().classifier

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._check()
            except (ClassifierError, PoseAssetError) as error:
                self._note(str(error))
            except (OSError, MemoryError) as error:
                # The next check tries again.
                self._note(f"The model files cannot be read: {error or type(error).__name__}.")
            self._stop.wait(self._check_interval_s)

    def _check(self) -> None:
        if self._served is None:
            model_asset.resolve(self._pose.model_path, self._pose.network)
        identity = file_identity(self._path)
        if identity is None:
            raise ClassifierError(
                f"There is no model file {self._path}. Promote a model, run `make starter` to "
                "build the starter model, or set `serving.model_path` in params.yaml."
            )
        is_stable = self._seen in (None, identity)  # otherwise it may still be being written
        self._seen = identity
        if identity == self._loaded:
            self._note(self._refusal)
        elif is_stable:
            self._load(identity)

    def _load(self, identity: FileIdentity) -> None:
        try:
            classifier, refusal = load_verified(self._path), None
        except ClassifierError as error:
            classifier, refusal = None, str(error)
        if file_identity(self._path) != identity:
            return  # the file changed meanwhile, so it is unclear what was loaded
        self._loaded, self._refusal = identity, refusal
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
        """Remember a problem with the files, if any, and log it once."""
        with self._lock:
            text = "not ready: %s"
            if problem is not None and self._served is not None:
                text = "the model file is refused: %s"
                problem += (
                    f" The model with sha256 {self._served.classifier.sha256} is still served, "
                    "but the service would not be ready after a restart."
                )
            changed, self._problem = problem != self._problem, problem
        if changed and problem is None:
            _LOG.info("the model file is again the model being served")
        elif changed:
            _LOG.warning(text, problem)
