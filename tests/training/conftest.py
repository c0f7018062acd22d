"""Fixtures shared by the tests of the toolkit."""

import pytest

from tests.training.learning.projects import Project, say_nothing
from training.learning.train import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after its first training, with a search of three trials. Do not change it."""
    project = Project(
        tmp_path_factory.mktemp("trained") / "project",
        model_training={"optimize_hyperparams": True, "num_trials": 3},
    )
    project.add_recordings(12, seed=1)
    project.combine()
    train(*project.training_input(), say_nothing)
    return project
