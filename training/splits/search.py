"""A search over the ranges of seed document 003, by Optuna, judged by the real task in seconds."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from training.split_params import SplitParams
from training.splits.approaches import APPROACHES
from training.splits.recordings import SplitRecording, held_out
from training.splits.validation import predictions, score

if TYPE_CHECKING:
    from optuna.trial import Trial

# What is maximised: the share of moments found within a quarter of a second.
_WITHIN = 1


def search(
    params: SplitParams,
    recordings: Sequence[SplitRecording],
    trials: int,
    report: Callable[[str], None],
) -> tuple[SplitParams, float]:
    """The best settings found, and the share of moments found within 0.25 s with them.

    Args:
        params: Settings to start from; the approach is theirs.
        recordings: Recordings to train on and to choose by; held-out ones must not be among them.
        trials: Number of settings to try.
        report: Called with a line for each trial.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kept, choosing = held_out(list(recordings), params.val_ratio, params.seed + 2)

    def objective(trial: "Trial") -> float:
        tried = params.model_copy(update=_suggested(trial))
        approach = APPROACHES[params.approach](tried)
        approach.train(kept, lambda _: None)
        found = score(params.approach, predictions(approach, choosing)).within[_WITHIN]
        report(f"trial {trial.number + 1}: {found:.0%} within 0.25 s, {trial.params}")
        return found

    sampler = optuna.samplers.TPESampler(seed=params.seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return params.model_copy(update=study.best_params), float(study.best_value)


def _suggested(trial: "Trial") -> dict[str, Any]:
    suggested: dict[str, Any] = {
        name: trial.suggest_float(name, 0.5, 0.7, step=0.1)
        for name in ("alpha_split_0", "alpha", "beta_split_0", "beta")
    }
    suggested["clip_length"] = trial.suggest_int("clip_length", 50, 150, step=50)
    suggested["num_augmented"] = trial.suggest_int("num_augmented", 25, 75, step=25)
    for name in ("add_position_feature", "add_percent_completion_feature"):
        suggested[name] = trial.suggest_categorical(name, [True, False])
    return suggested
