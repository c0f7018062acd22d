"""What a pose classifier has to pass before it is served."""

import json
from pathlib import Path

from shared_features.classify.classifier import PoseClassifier
from training.learning.evaluation.held_out import HeldOut
from training.learning.evaluation.summary import evaluate
from training.learning.registry.model_registry import Deployment
from training.learning.registry.promotion import Scores


class PoseGate:
    """It must be readable, and its macro F1 no worse than the champion's."""

    model_file = "pose_classifier.onnx"
    train_command = "straps-train train"

    def require_usable(self, model: Path) -> None:
        """Check that serving can use a file."""
        PoseClassifier(model)

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
        champion_score = evaluate(held_out.predictions(PoseClassifier(compared_model))).f1_macro
        own_score = evaluate(held_out.predictions(PoseClassifier(candidate.development))).f1_macro
        recordings = len(set(held_out.filenames.tolist()))
        return Scores(
            own_score,
            champion_score,
            "macro F1",
            f"{len(held_out)} frames of {recordings} recording{'s' * (recordings != 1)}",
        )
