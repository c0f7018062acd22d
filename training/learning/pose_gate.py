"""What a pose classifier has to pass before it is served."""

import json
from pathlib import Path

from shared_features.classify.classifier import PoseClassifier
from training.learning.evaluation.held_out import HeldOut
from training.learning.evaluation.served import served
from training.learning.evaluation.summary import evaluate
from training.learning.registry.model_registry import Deployment
from training.learning.registry.promotion import Judgement, Scores
from training.params import PromotionParams
from training.recordings.catalog import count_recordings
from training.words import counted


class PoseGate:
    """It must be readable, useful when it is served, and no worse than the champion."""

    model_file = "pose_classifier.onnx"
    train_command = "straps-train train"

    def require_usable(self, model: Path) -> None:
        """Check that serving can use a file."""
        PoseClassifier(model)

    def judge(self, candidate: Deployment, params: PromotionParams) -> Judgement:
        """Refuse a model that would hardly answer, or be right less often than a constant."""
        if not (candidate.held_out.is_file() and candidate.development.is_file()):
            return Judgement()
        answers = served(HeldOut.load(candidate.held_out), PoseClassifier(candidate.development))
        if answers is None:
            return Judgement()
        fault = ""
        if answers.coverage < params.min_coverage:
            fault = (
                f'it would answer for {answers.coverage:.0%} of their frames and say "uncertain" '
                f"for the rest; promotion.min_coverage asks for {params.min_coverage:.0%}. Label "
                "more recordings, so that it becomes surer"
            )
        elif answers.accuracy < answers.commonest:
            fault = (
                f"it would be right in {answers.accuracy:.0%} of their frames, but always saying "
                f"their commonest label in {answers.commonest:.0%}. Label more recordings"
            )
        return Judgement(str(answers), fault)

    def compare(self, candidate: Deployment, champion: Deployment) -> Scores | str:
        """Compare both development models on the candidate's held-out recordings."""
        if not candidate.held_out.is_file():
            return "it has no held-out recordings"
        held_out = HeldOut.load(candidate.held_out)
        compared_model = champion.model
        if champion.learned_from.is_file():
            # Any other model, such as the starter, has not seen any of these recordings.
            compared_model = champion.development
            learned_from = json.loads(champion.learned_from.read_text(encoding="utf-8"))
            held_out = held_out.without_groups(learned_from)
        if not len(held_out):
            return "the champion has learned from all of its held-out recordings"
        own, other = PoseClassifier(candidate.development), PoseClassifier(compared_model)
        ours, theirs = served(held_out, own), served(held_out, other)
        also, details = {}, ""
        if ours is not None and theirs is not None:
            also["frames right when served"] = ours.accuracy, theirs.accuracy
            # With few holds, one more or less is chance.
            also["holds found"] = ours.hold_f1, theirs.hold_f1 - 1 / max(1, ours.holds)
            details = f"when served {ours}, the champion: {theirs}"
        recordings = counted(count_recordings(held_out.filenames.tolist()), "recording")
        return Scores(
            candidate=evaluate(held_out.predictions(own)).f1_macro,
            champion=evaluate(held_out.predictions(other)).f1_macro,
            measure="macro F1",
            material=f"{counted(len(held_out), 'frame')} of {recordings}",
            also=also,
            details=details,
        )
