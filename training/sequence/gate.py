"""What a sequence model has to pass before it is served."""

import json
from pathlib import Path

import numpy as np

from shared_features.classify.sequence_model import SequenceModel
from shared_features.sequence.clips import points_sequence
from shared_features.sequence.contract import SCORE_SCALE, SequenceContract
from training.learning.registry.model_registry import Deployment
from training.learning.registry.promotion import Judgement, Scores
from training.params import PromotionParams, TrackingParams, TrainingParams
from training.sequence.data.clips import LabelledClips
from training.sequence.evaluation import SCORE_NAMES, SequenceEvaluation, evaluate
from training.sequence.preprocessing.samples import Samples
from training.words import counted

MODEL_FILE = "quality.onnx"


def sequence_tracking(params: TrainingParams) -> TrackingParams:
    """Where sequence models are registered: with the others, under a name of their own."""
    name = params.sequence.registered_model
    return params.tracking.model_copy(update={"registered_model": name})


def sequence_promotion(params: TrainingParams) -> PromotionParams:
    """Where the champion goes."""
    return params.promotion.model_copy(update={"output": params.sequence.output})


class SequenceGate:
    """It must be readable, and no worse than the champion on clips new to both."""

    model_file = MODEL_FILE
    train_command = "straps-train sequence"

    def require_usable(self, model: Path) -> None:
        """Check that serving can use a file."""
        SequenceModel(model)

    def judge(self, candidate: Deployment, params: PromotionParams) -> Judgement:
        """Whatever serving does with a sequence model follows from its scores."""
        del candidate, params
        return Judgement()

    def compare(self, candidate: Deployment, champion: Deployment) -> Scores | str:
        """Compare both on the candidate's held-out clips."""
        if not candidate.held_out.is_file():
            return "it has no held-out clips"
        clips = LabelledClips.load(candidate.held_out)
        if champion.learned_from.is_file():
            learned_from = json.loads(champion.learned_from.read_text(encoding="utf-8"))
            clips = clips.rows(np.flatnonzero(~np.isin(clips.groups, learned_from)))
        if not len(clips):
            return "the champion has learned from all of its held-out recordings"
        models = [SequenceModel(deployment.model) for deployment in (candidate, champion)]
        if models[0].contract.task != models[1].contract.task:
            return (
                f"the champion is a model to {models[1].contract.task}, not to "
                f"{models[0].contract.task}"
            )
        unknown = set(models[0].contract.labels) ^ set(models[1].contract.labels)
        if unknown:
            return f"the two do not know the same labels: {sorted(unknown)}"
        own, others = (evaluation_of_file(model, clips) for model in models)
        (name, own_score), (_, champion_score) = own.main, others.main
        return Scores(
            own_score,
            champion_score,
            f"minus {SCORE_NAMES[name]}" if name.startswith("mae") else SCORE_NAMES[name],
            f"{counted(own.clips, 'clip')} of {counted(own.groups, 'group')}",
        )


def evaluation_of_file(model: SequenceModel, clips: LabelledClips) -> SequenceEvaluation:
    """Evaluate a model file on clips, with the arrays that it asks for.

    A clip without an answer counts as wrong: no points, or no label at all.
    """
    contract = model.contract
    sequences = np.stack(
        [points_sequence(clip.pts_s, clip.points, contract.sequence) for clip in clips.clips]
    )
    outputs = np.nan_to_num(model.outputs(sequences))
    return evaluate(_samples(clips, contract), outputs)


def _samples(clips: LabelledClips, contract: SequenceContract) -> Samples:
    if clips.kind != "labels":
        targets = (clips.targets / SCORE_SCALE).astype(np.float32)
        return Samples((), None, targets, clips.groups, clips.kind)
    renamed = contract.training.get("preprocessing", {}).get("classes", {})
    names = [renamed.get(label, label) for label in clips.targets.tolist()]
    labels = contract.labels
    codes = np.array([labels.index(name) for name in names], dtype=np.int64)
    return Samples((), None, codes, clips.groups, clips.kind, labels)
