"""Decides which model is served: promotion through a gate, and rollback.

The champion is the model that is served. Promotion copies its ONNX file, byte for byte, to the path
that serving reads, and sets the registry's alias. Serving needs no MLflow.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import ClassifierError
from shared_features.runtime.atomic import atomic_write
from training.errors import PromotionError
from training.learning.evaluation.held_out import HeldOut
from training.learning.evaluation.summary import evaluate
from training.learning.registry import tracking
from training.learning.registry.model_registry import Deployment, Registry
from training.params import PromotionParams, TrackingParams
from training.recordings.content_hashes import content_sha256
from training.runtime.locks import locked

_ADOPTED_RUN = "Adopted_Model"
_ORIGIN_TAG = "origin"


@dataclass(frozen=True)
class Comparison:
    """A new model compared with the champion, on recordings that neither has learned from.

    Attributes:
        candidate: Macro F1 of the new model.
        champion: Macro F1 of the champion.
        champion_version: Version of the champion.
        champion_origin: Origin of the champion if it was not trained here; otherwise empty.
        frames: Number of frames.
        recordings: Number of recordings.
    """

    candidate: float
    champion: float
    champion_version: str
    champion_origin: str
    frames: int
    recordings: int

    def __str__(self) -> str:
        scores = (
            f"macro F1 {self.candidate:.3f}, champion {self.champion_version}: "
            f"{self.champion:.3f}, on {self.frames} frames of {self.recordings} "
            f"recording{'s' * (self.recordings != 1)} that neither has learned from"
        )
        origin = f" (version {self.champion_version} was {self.champion_origin})"
        return scores + origin if self.champion_origin else scores


@dataclass(frozen=True)
class Promotion:
    """The outcome of a promotion or a rollback.

    Attributes:
        version: Version of the new champion.
        previous: Version of the previous champion, if there was one.
        output: File that serving reads.
        sha256: Hash of that file.
        comparison: The comparison with the previous champion, or why there was none.
    """

    version: str
    previous: str | None
    output: Path
    sha256: str
    comparison: str


def promote(
    tracked: TrackingParams, params: PromotionParams, version: str | None, force: bool
) -> Promotion:
    """Make a version the champion if it passes the gate.

    Args:
        tracked: Location of the registry.
        params: The gate, and the path for the champion's file.
        version: Which version; None: the one trained most recently.
        force: Whether to promote a version that is worse than the champion or cannot be compared.

    Raises:
        PromotionError: There is no such version, or it does not pass. Nothing was changed.
    """
    with _registry(tracked) as (registry, folder):
        chosen = _newest(registry) if version is None else version
        files = registry.files(registry.version(chosen), folder / "candidate")
        _check_file(files.model, registry.version(chosen).tags.get("sha256", ""))
        _adopt_served_file(registry, params.output, folder)
        previous = registry.champion()
        if previous in (None, chosen):
            comparison: Comparison | str = "there was no other champion to compare with"
        else:
            comparison = _compare(registry, files, str(previous), folder)
            if not force:
                _require_not_worse(chosen, comparison, params.tolerance)
        _serve(registry, files.model, chosen, params.output)
        if previous not in (None, chosen):
            registry.remember_champions([*registry.former_champions(), str(previous)])
        sha256 = content_sha256(params.output)
        return Promotion(chosen, previous, params.output, sha256, str(comparison))


def rollback(tracked: TrackingParams, params: PromotionParams) -> Promotion:
    """Go back to the previous champion.

    Raises:
        PromotionError: There was none.
    """
    with _registry(tracked) as (registry, folder):
        former = registry.former_champions()
        if not former:
            raise PromotionError(
                f"There is no other champion of {registry.name!r} to go back to. "
                "`straps-train promote VERSION` makes any version the champion."
            )
        current, version = registry.champion(), registry.version(former[-1])
        files = registry.files(version, folder)
        _check_file(files.model, version.tags.get("sha256", ""))
        _serve(registry, files.model, former[-1], params.output)
        registry.remember_champions(former[:-1])
        sha256 = content_sha256(params.output)
        return Promotion(former[-1], current, params.output, sha256, "a rollback compares nothing")


@contextmanager
def _registry(tracked: TrackingParams) -> Iterator[tuple[Registry, Path]]:
    """The registry and a temporary folder, for one process on this machine at a time."""
    with (
        locked(tracked.folder / "promotion.lock"),
        tempfile.TemporaryDirectory() as folder,
    ):
        yield Registry(tracked), Path(folder)


def _newest(registry: Registry) -> str:
    """The version trained most recently; adopted versions were not trained here."""
    trained = [version for version in registry.versions() if _ORIGIN_TAG not in version.tags]
    if not trained:
        raise PromotionError(
            f"No trained version of {registry.name!r} is registered. Run `straps-train train` "
            "first."
        )
    return str(trained[0].version)


def _check_file(model: Path, sha256: str) -> None:
    """Check that this is the file that passed the parity gate, and that it can be served."""
    if not model.is_file() or content_sha256(model) != sha256:
        raise PromotionError(
            f"{model.name} of this version is not the file that passed the parity gate (its "
            "sha256 differs). Train again."
        )
    try:
        PoseClassifier(model)
    except ClassifierError as error:
        raise PromotionError(f"This program cannot serve this version. {error}") from error


def _adopt_served_file(registry: Registry, output: Path, folder: Path) -> None:
    """Register the file that is served now as the champion, unless it is a version already.

    This makes a rollback to it possible, be it the starter or a file that was copied there by hand.
    """
    if not output.is_file():
        return
    sha256 = content_sha256(output)
    if any(version.tags.get("sha256") == sha256 for version in registry.versions()):
        return
    adopted = Deployment(folder / "adopted")
    adopted.folder.mkdir()
    adopted.model.write_bytes(output.read_bytes())
    try:
        PoseClassifier(adopted.model)
    except ClassifierError:
        return  # there is no point in going back to a file that cannot be served
    before = registry.champion()
    with tracking.run(_ADOPTED_RUN, nested=False):
        version = registry.register(adopted, {_ORIGIN_TAG: f"found in {output}"})
    registry.set_alias(version)
    if before is not None:
        registry.remember_champions([*registry.former_champions(), before])


def _compare(
    registry: Registry, candidate: Deployment, champion: str, folder: Path
) -> Comparison | str:
    """Compare both development models on recordings new to both, or say why that is impossible."""
    if not candidate.held_out.is_file():
        return "not compared: it has no held-out recordings"
    version = registry.version(champion)
    files = registry.files(version, folder / "champion")
    held_out = HeldOut.load(candidate.held_out)
    compared_model = files.model
    if files.learned_from.is_file():
        # Any other model, such as the starter, has not seen any of these recordings.
        compared_model = files.development
        learned_from = json.loads(files.learned_from.read_text(encoding="utf-8"))
        held_out = held_out.without_groups(learned_from)
    if not len(held_out):
        return f"not compared: champion {champion} has learned from all of its held-out recordings"
    try:
        champion_score = evaluate(held_out.predictions(PoseClassifier(compared_model))).f1_macro
    except ClassifierError as error:
        return f"not compared: champion {champion} can no longer be used ({error})"
    own_score = evaluate(held_out.predictions(PoseClassifier(candidate.development))).f1_macro
    recordings = len(set(held_out.filenames.tolist()))
    origin = version.tags.get(_ORIGIN_TAG, "")
    return Comparison(own_score, champion_score, champion, origin, len(held_out), recordings)


def _require_not_worse(version: str, comparison: Comparison | str, tolerance: float) -> None:
    if isinstance(comparison, str):
        reason = f"was {comparison}"
    elif comparison.candidate < comparison.champion - tolerance:
        reason = f"is worse than the champion: {comparison}"
    else:
        return
    raise PromotionError(
        f"Version {version} {reason}. Nothing was changed; `--force` promotes it anyway."
    )


def _serve(registry: Registry, model: Path, version: str, output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(output) as temporary:
            temporary.write_bytes(model.read_bytes())
            registry.set_alias(version)
    except OSError as error:
        raise PromotionError(
            f"{output} cannot be written ({error.strerror}). Free some space, or check the "
            "permissions of its folder, then promote again; the file served now is unchanged."
        ) from error
