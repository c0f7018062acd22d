"""JAX, set up for this machine. It is in the extra ``sequence``, and imported here only."""

import os

from training.errors import TrainingError

# Read when JAX is imported. The processes of a grid share the cores; a network as small as these
# gains nothing from more than one of them.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

try:
    import jax
    import jax.numpy as jnp
    import optax
except ImportError as error:
    raise TrainingError(
        f"Networks over sequences need the extra `sequence` ({error}). Install it with "
        "`pip install -e '.[train,sequence]'`, or set `training.sequence.models` in params.yaml "
        "to [summary_xgb]."
    ) from error

Array = jax.Array
Params = dict[str, Array]

__all__ = ["Array", "Params", "jax", "jnp", "optax"]
