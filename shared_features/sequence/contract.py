"""What the file of a sequence model says about itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from shared_features.sequence.layout import SequenceSpec

CONTRACT_KEY = "sequence_model"
CONTRACT_VERSION = 1
INPUT_NAME = "sequences"
OUTPUT_NAME = "outputs"

SCORE_SCALE = 100.0
"""Points of a perfect performance; the model's own output is a share of it."""

Task = Literal["score", "classify"]
TASKS: tuple[Task, ...] = ("score", "classify")


@dataclass(frozen=True)
class SequenceContract:
    """A sequence model's description of itself.

    Attributes:
        task: ``score``: one output from 0 to 1, the share of ``SCORE_SCALE`` points; ``classify``:
            the probability of each label.
        labels: The labels, in the order of the outputs; empty for a score.
        sequence: The arrays that the model takes.
        min_valid_share: Least share of a clip's steps with a person; below it there is no answer.
        training: How the model was trained: data, model, settings, seed, run ID, versions.
            ``training["starter"]`` is true for a scorer that has learned from a formula and
            generated performances only, which must be said wherever a score is shown.
        metrics: Scores by name.
    """

    task: Task
    labels: tuple[str, ...]
    sequence: SequenceSpec
    min_valid_share: float = 0.5
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outputs(self) -> int:
        """Number of outputs of the model."""
        return 1 if self.task == "score" else len(self.labels)

    @property
    def starter(self) -> bool:
        """Whether the model has never learned from a recording that a person has judged."""
        return self.training.get("starter") is True

    def to_json(self) -> str:
        """The contract as stored in the model file."""
        return json.dumps(
            {
                "contract_version": CONTRACT_VERSION,
                "task": self.task,
                "labels": list(self.labels),
                "sequence": self.sequence.to_dict(),
                "min_valid_share": self.min_valid_share,
                "training": dict(self.training),
                "metrics": dict(self.metrics),
            },
            sort_keys=True,
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The contract that ``to_json`` stored.

        Raises:
            FeatureSpecError: It requires arrays that this program does not compute.
            ValueError, KeyError, TypeError: The text is not a contract.
        """
        content = json.loads(text)
        if content["contract_version"] != CONTRACT_VERSION:
            raise ValueError(
                f"contract version {content['contract_version']}, expected {CONTRACT_VERSION}"
            )
        if content["task"] not in TASKS:
            raise ValueError(f"task {content['task']!r}, expected one of {list(TASKS)}")
        return cls(
            task=content["task"],
            labels=tuple(content["labels"]),
            sequence=SequenceSpec.from_dict(content["sequence"]),
            min_valid_share=float(content["min_valid_share"]),
            training=content["training"],
            metrics=content["metrics"],
        )
