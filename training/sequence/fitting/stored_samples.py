"""Preprocessed samples as a file, for the processes that train on them."""

from pathlib import Path

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.sequence.preprocessing.samples import Samples, Scaling


def save_samples(samples: Samples, path: Path) -> None:
    """Write samples that have gone through all steps to an ``.npz`` file, atomically."""
    scaling = samples.fitted_scaling
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            sequences=samples.arrays(),
            targets=samples.targets,
            groups=samples.groups,
            kind=np.array(samples.kind),
            labels=np.array(samples.labels, dtype=np.str_),
            mean=scaling.mean,
            scale=scaling.scale,
        )


def load_samples(path: Path) -> Samples:
    """The samples that ``save_samples`` wrote."""
    with np.load(path, allow_pickle=False) as content:
        return Samples(
            clips=(),
            sequences=content["sequences"],
            targets=content["targets"],
            groups=content["groups"],
            kind=content["kind"].item(),
            labels=tuple(content["labels"].tolist()),
            scaling=Scaling(content["mean"], content["scale"]),
        )
