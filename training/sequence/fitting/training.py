"""Trains one network: early stopping, the best weights kept, and a checkpoint after every epoch.

A training that was killed continues from its checkpoint, and ends with the same weights, bit for
bit, as one that was not: everything random depends on the seed and the number of the epoch.
"""

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.runtime.atomic import atomic_write
from shared_features.sequence.contract import SCORE_SCALE
from training.sequence.data.clips import Target
from training.sequence.networks.backend import Array, Params, jax, jnp, optax
from training.sequence.networks.models import NETWORKS, Weights
from training.sequence.preprocessing.samples import Samples, Scaling

_WEIGHT_DECAY = 1e-4
_MAX_GRADIENT = 1.0
_EVALUATION_BATCH = 512

# Without a learning rate, which is applied to its updates: one compilation serves all rates.
_OPTIMISER: Any = optax.chain(
    optax.clip_by_global_norm(_MAX_GRADIENT),
    optax.scale_by_adam(),
    optax.add_decayed_weights(_WEIGHT_DECAY),
)


@dataclass(frozen=True)
class FitSettings:
    """How one network is trained.

    Attributes:
        model: Name in ``NETWORKS``.
        batch: Number of sequences per step.
        lr: Learning rate.
        epochs_limit: Greatest number of epochs.
        patience: Number of epochs without a better validation loss before it stops.
        seed: Seed of everything random.
    """

    model: str
    batch: int
    lr: float
    epochs_limit: int
    patience: int
    seed: int


@dataclass
class _State:
    """A training after some epochs."""

    params: Params
    optimiser: Any
    best: Params
    best_loss: float = np.inf
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Fit:
    """A finished training.

    Attributes:
        weights: Those with the best validation loss.
        best_epoch: The epoch that they are from, counted from 1.
        history: ``train_loss``, ``validation_loss`` and ``validation_mae_points`` or
            ``validation_accuracy`` of each epoch.
    """

    weights: Weights
    best_epoch: int
    history: list[dict[str, float]]


def fit_network(
    train: Samples, validation: Samples, settings: FitSettings, checkpoint: Path
) -> Fit:
    """Train until the validation loss stops falling.

    Args:
        train: Samples to learn from.
        validation: Samples that decide which epoch was the best.
        settings: How to train.
        checkpoint: ``.npz`` file for the state; a training continues from it.
    """
    kind, scaling = train.kind, train.fitted_scaling
    outputs = len(train.labels) or 1
    x, y = _device(train, scaling)
    held_x, held_y = _device(validation, scaling)
    state = _restored(_initial(settings, outputs), checkpoint)
    batch = min(settings.batch, len(x))
    while (epoch := len(state.history)) < settings.epochs_limit:
        if epoch - state.best_epoch >= settings.patience:
            break
        random = np.random.default_rng([settings.seed, epoch])
        order = random.permutation(len(x))
        # The last batch is filled with sequences of the first.
        order = np.resize(order, (-(-len(x) // batch), batch))
        state.params, state.optimiser, train_loss = _epoch(
            settings.model,
            kind,
            state.params,
            state.optimiser,
            (x, y),
            jnp.asarray(order),
            jax.random.fold_in(jax.random.key(settings.seed), epoch),
            settings.lr,
        )
        loss, metric = _evaluated(settings.model, kind, state.params, held_x, held_y)
        state.history.append(
            {"train_loss": float(train_loss), "validation_loss": loss, _METRICS[kind]: metric}
        )
        if loss < state.best_loss:
            state.best, state.best_loss, state.best_epoch = state.params, loss, epoch + 1
        _save(state, checkpoint)
    weights = {name: np.asarray(value) for name, value in state.best.items()}
    return Fit(weights, state.best_epoch, state.history)


_METRICS: dict[Target, str] = {
    "points": "validation_mae_points",
    "correct": "validation_mae_points",
    "labels": "validation_accuracy",
}


def _device(samples: Samples, scaling: Scaling) -> tuple[Array, Array]:
    scaled = (samples.arrays() - scaling.mean) / scaling.scale
    return jnp.asarray(scaled), jnp.asarray(samples.targets)


def _initial(settings: FitSettings, outputs: int) -> _State:
    initial = NETWORKS[settings.model].initial(outputs, settings.seed)
    params = {name: jnp.asarray(value) for name, value in initial.items()}
    return _State(params, _OPTIMISER.init(params), params)


def _loss(logits: Array, targets: Array, kind: Target) -> Array:
    """Mean squared error of shares, or cross-entropy."""
    if kind == "labels":
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    elif kind == "correct":
        losses = optax.sigmoid_binary_cross_entropy(logits[:, 0], targets)
    else:
        losses = (jax.nn.sigmoid(logits[:, 0]) - targets) ** 2
    mean: Array = losses.mean()
    return mean


@partial(jax.jit, static_argnums=(0, 1))
def _epoch(
    model: str,
    kind: Target,
    params: Params,
    optimiser: Any,
    data: tuple[Array, Array],
    order: Array,
    key: Array,
    lr: float,
) -> tuple[Params, Any, Array]:
    x, y = data

    def loss_of(params: Params, rows: Array, key: Array) -> Array:
        return _loss(NETWORKS[model].logits(params, x[rows], key), y[rows], kind)

    def step(carry: tuple[Params, Any], batch: tuple[Array, Array]) -> tuple[Any, Array]:
        params, optimiser = carry
        loss, gradients = jax.value_and_grad(loss_of)(params, *batch)
        updates, optimiser = _OPTIMISER.update(gradients, optimiser, params)
        params = jax.tree.map(lambda value, update: value - lr * update, params, updates)
        return (params, optimiser), loss

    keys = jax.random.split(key, len(order))
    (params, optimiser), losses = jax.lax.scan(step, (params, optimiser), (order, keys))
    return params, optimiser, losses.mean()


@partial(jax.jit, static_argnums=0)
def _logits(model: str, params: Params, x: Array) -> Array:
    return NETWORKS[model].logits(params, x, None)


def _evaluated(model: str, kind: Target, params: Params, x: Array, y: Array) -> tuple[float, float]:
    """Loss, and mean absolute error in points or accuracy."""
    parts = [
        _logits(model, params, x[start : start + _EVALUATION_BATCH])
        for start in range(0, len(x), _EVALUATION_BATCH)
    ]
    logits = jnp.concatenate(parts)
    if kind == "labels":
        metric = (logits.argmax(axis=1) == y).mean()
    else:
        metric = jnp.abs(jax.nn.sigmoid(logits[:, 0]) - y).mean() * SCORE_SCALE
    return float(_loss(logits, y, kind)), float(metric)


def _save(state: _State, checkpoint: Path) -> None:
    leaves = jax.tree.leaves((state.params, state.optimiser, state.best))
    facts = {
        "best_loss": state.best_loss,
        "best_epoch": state.best_epoch,
        "history": state.history,
    }
    arrays: dict[str, Any] = {f"leaf_{n}": np.asarray(leaf) for n, leaf in enumerate(leaves)}
    with atomic_write(checkpoint) as temporary, temporary.open("wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)


def _restored(state: _State, checkpoint: Path) -> _State:
    """The state of the checkpoint; the state as it is if there is none."""
    if not checkpoint.is_file():
        return state
    known, structure = jax.tree.flatten((state.params, state.optimiser, state.best))
    with np.load(checkpoint, allow_pickle=False) as content:
        leaves = [jnp.asarray(content[f"leaf_{n}"]) for n in range(len(known))]
        facts = json.loads(str(content["facts"]))
    params, optimiser, best = jax.tree.unflatten(structure, leaves)
    return _State(params, optimiser, best, **facts)
