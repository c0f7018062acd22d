"""Decides which model is served: promotion through a gate, and rollback.

The champion is the model that is served. Promotion copies its ONNX file, byte for byte, to the path
that serving reads, and sets the registry's alias. Serving needs no MLflow.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from shared_features.errors import ClassifierError
from shared_features.runtime.atomic import atomic_write
from training.errors import PromotionError
from training.learning.registry import tracking
from training.learning.registry.model_registry import Deployment, Registry
from training.params import PromotionParams, TrackingParams
from training.recordings.content_hashes import content_sha256
from training.runtime.locks import locked
from training.runtime.unwritable import remedy

_ADOPTED_RUN = "Adopted_Model"
_ORIGIN_TAG = "origin"


@dataclass(frozen=True)
class Scores:
    """Two models on the same material, which neither has learned from.

    Attributes:
        candidate: Score of the new model; greater is better.
        champion: Score of the champion.
        measure: Name of the score.
        material: What they were compared on, as a phrase.
        also: Further scores in which the new model may not be worse, by name: its own and the
            champion's.
        details: What else a person should know, as a phrase.
    """

    candidate: float
    champion: float
    measure: str
    material: str
    also: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    details: str = ""

    def worse_by(self, tolerance: float) -> list[str]:
        """In what the new model is worse by more than a tolerance."""
        pairs = {self.measure: (self.candidate, self.champion), **self.also}
        # Nothing is worse than an unknown score.
        return [name for name, (own, other) in pairs.items() if own < other - tolerance]


@dataclass(frozen=True)
class Judgement:
    """What serving would do with a model, whatever the champion is.

    Attributes:
        said: What it would do, as a phrase; empty if that is not known.
        fault: A sentence without a full stop if that is not good enough; else empty.
    """

    said: str = ""
    fault: str = ""


class Gate(Protocol):
    """What a kind of model has to pass before it is served.

    Attributes:
        model_file: Name of the model's file among those of a version.
        train_command: The command that trains such models, for messages.
    """

    model_file: str
    train_command: str

    def require_usable(self, model: Path) -> None:
        """Check that serving can use a file.

        Raises:
            ClassifierError: It cannot.
        """

    def judge(self, candidate: Deployment, params: PromotionParams) -> Judgement:
        """Say what serving would do with a version."""

    def compare(self, candidate: Deployment, champion: Deployment) -> Scores | str:
        """Compare two versions, or say why that is impossible, as a phrase.

        Raises:
            ClassifierError: The champion's file can no longer be used.
        """


@dataclass(frozen=True)
class Comparison:
    """A new model compared with the champion.

    Attributes:
        scores: Their scores.
        champion_version: Version of the champion.
        champion_origin: Origin of the champion if it was not trained here; otherwise empty.
    """

    scores: Scores
    champion_version: str
    champion_origin: str

    def __str__(self) -> str:
        scores = (
            f"{self.scores.measure} {self.scores.candidate:.3f}, champion "
            f"{self.champion_version}: {self.scores.champion:.3f}, on {self.scores.material} that "
            "neither has learned from"
        )
        if self.scores.details:
            scores += f"; {self.scores.details}"
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
    tracked: TrackingParams, params: PromotionParams, gate: Gate, version: str | None, force: bool
) -> Promotion:
    """Make a version the champion if it passes the gate.

    Args:
        tracked: Location of the registry.
        params: By how much it may be worse, and the path for the champion's file.
        gate: What models of this kind have to pass.
        version: Which version; None: the one trained most recently.
        force: Whether to promote a version that is worse than the champion or cannot be compared.

    Raises:
        PromotionError: There is no such version, or it does not pass. Nothing was changed.
    """
    with _registry(tracked, gate) as (registry, folder):
        chosen = _newest(registry, gate) if version is None else version
        files = registry.files(registry.version(chosen), folder / "candidate")
        _check_file(files.model, registry.version(chosen).tags.get("sha256", ""), gate)
        judgement = gate.judge(files, params)
        if judgement.fault and not force:
            raise PromotionError(
                f"Version {chosen} was judged by what serving would do on its held-out recordings: "
                f"{judgement.fault}. Nothing was changed; `--force` promotes it anyway."
            )
        _adopt_served_file(registry, params.output, folder, gate)
        previous = registry.champion()
        if previous in (None, chosen):
            said = f"; when served {judgement.said}" if judgement.said else ""
            comparison: Comparison | str = f"there was no other champion to compare with{said}"
        else:
            comparison = _compare(registry, files, str(previous), folder, gate)
            if not force:
                _require_not_worse(chosen, comparison, params.tolerance)
        _serve(registry, files.model, chosen, params.output)
        if previous not in (None, chosen):
            registry.remember_champions([*registry.former_champions(), str(previous)])
        sha256 = content_sha256(params.output)
        return Promotion(chosen, previous, params.output, sha256, str(comparison))


def rollback(tracked: TrackingParams, params: PromotionParams, gate: Gate) -> Promotion:
    """Go back to the previous champion.

    Raises:
        PromotionError: There was none.
    """
    with _registry(tracked, gate) as (registry, folder):
        former = registry.former_champions()
        if not former:
            raise PromotionError(
                f"There is no other champion of {registry.name!r} to go back to. "
                "`straps-train promote VERSION` makes any version the champion."
            )
        current, version = registry.champion(), registry.version(former[-1])
        files = registry.files(version, folder)
        _check_file(files.model, version.tags.get("sha256", ""), gate)
        _serve(registry, files.model, former[-1], params.output)
        registry.remember_champions(former[:-1])
        sha256 = content_sha256(params.output)
        return Promotion(former[-1], current, params.output, sha256, "a rollback compares nothing")


@contextmanager
def _registry(tracked: TrackingParams, gate: Gate) -> Iterator[tuple[Registry, Path]]:
    """The registry and a temporary folder, for one process on this machine at a time."""
    with (
        locked(tracked.folder / "promotion.lock"),
        tempfile.TemporaryDirectory() as folder,
    ):
        yield Registry(tracked, gate.model_file), Path(folder)


def _newest(registry: Registry, gate: Gate) -> str:
    """The version trained most recently; adopted versions were not trained here."""
    trained = [version for version in registry.versions() if _ORIGIN_TAG not in version.tags]
    if not trained:
        raise PromotionError(
            f"No trained version of {registry.name!r} is registered. Run `{gate.train_command}` "
            "first."
        )
    return str(trained[0].version)


def _check_file(model: Path, sha256: str, gate: Gate) -> None:
    """Check that this is the file that passed the parity gate, and that it can be served."""
    if not model.is_file() or content_sha256(model) != sha256:
        raise PromotionError(
            f"{model.name} of this version is not the file that passed the parity gate (its "
            "sha256 differs). Train again."
        )
    try:
        gate.require_usable(model)
    except ClassifierError as error:
        raise PromotionError(f"This program cannot serve this version. {error}") from error


def _adopt_served_file(registry: Registry, output: Path, folder: Path, gate: Gate) -> None:
    """Register the file that is served now as the champion, unless it is a version already.

    This makes a rollback to it possible, be it the starter or a file that was copied there by hand.
    """
    if not output.is_file():
        return
    sha256 = content_sha256(output)
    if any(version.tags.get("sha256") == sha256 for version in registry.versions()):
        return
    adopted = Deployment(folder / "adopted", gate.model_file)
    adopted.folder.mkdir()
    adopted.model.write_bytes(output.read_bytes())
    try:
        gate.require_usable(adopted.model)
    except ClassifierError:
        return  # there is no point in going back to a file that cannot be served
    before = registry.champion()
    with tracking.run(_ADOPTED_RUN, nested=False):
        origin = f"found in {output}"
        version = registry.register(adopted, {_ORIGIN_TAG: origin}, f"Served before; {origin}.")
    registry.set_alias(version)
    if before is not None:
        registry.remember_champions([*registry.former_champions(), before])


def _compare(
    registry: Registry, candidate: Deployment, champion: str, folder: Path, gate: Gate
) -> Comparison | str:
    """Compare both on recordings new to both, or say why that is impossible."""
    version = registry.version(champion)
    files = registry.files(version, folder / "champion")
    try:
        scores = gate.compare(candidate, files)
    except ClassifierError as error:
        return f"not compared: champion {champion} can no longer be used ({error})"
    if isinstance(scores, str):
        return f"not compared: {scores}"
    return Comparison(scores, champion, version.tags.get(_ORIGIN_TAG, ""))


def _require_not_worse(version: str, comparison: Comparison | str, tolerance: float) -> None:
    if isinstance(comparison, str):
        reason = f"was {comparison}"
    elif worse := comparison.scores.worse_by(tolerance):
        reason = f"is worse than the champion in {' and '.join(worse)}: {comparison}"
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
            f"{output} cannot be written ({error.strerror}). {remedy(error)}, then promote again; "
            "the file served now is unchanged."
        ) from error
