"""What is recorded of a training, beside its weights."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.weights import ENDING, HISTORY, LAST, RUN, metadata_path
from training.run_folder import best_epoch, read_history, read_run


def recorded_in(weights: Path) -> Path:
    """Where the training of weights is recorded: their run folder, or the .json beside exported ones."""
    in_run = any(weights.with_name(name).is_file() for name in (HISTORY, RUN))
    return weights.parent if in_run else metadata_path(weights)


def read_training(run: Path) -> dict[str, Any]:
    """What run.json says, or the .json beside exported weights; without either only these two.

    run: a run folder, a weight file, or the .json beside it.
    history: the rows of the finished epochs. epoch: the one whose weights are used; absent without a history.
    Raises InputError when a file is damaged.
    """
    place, record = recorded_in(run) if run.name.endswith(ENDING) else run, {}
    history = read_history(place) if (place / HISTORY).is_file() or place.is_file() else []
    if place.is_file():
        record = json.loads(place.read_bytes())
    elif (place / RUN).is_file():
        record = read_run(place)
    record["history"] = history
    if history:
        record.setdefault("epoch", int((history[-1] if run.name == LAST else best_epoch(history))["epoch"]))
    return record


def differ_in_seed(trainings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are several trainings that differ in their seed only."""
    kept = [
        (one.get("network"), one.get("recipe"), one.get("arguments", {}) | {"seed": 0}) for one in trainings
    ]
    return len(kept) > 1 and "arguments" in trainings[0] and all(each == kept[0] for each in kept)


def is_distilled(record: Mapping[str, Any]) -> bool:
    """Whether the network learned from the predictions of other networks, too."""
    return bool(record.get("arguments", {}).get("teacher")) and record["recipe"]["teacher_share"] > 0


def soft_targets(record: Mapping[str, Any]) -> str:
    """Which losses were measured against other targets than plain labels; '' if none was."""
    recipe = record.get("recipe", {})
    # The faces for validation are neither mixed nor have they teachers.
    training = ["teachers' predictions"] * is_distilled(record) + ["mixed faces"] * bool(recipe.get("mixup"))
    parts = [f"training loss against {' and '.join(training)}"] * bool(training)
    parts += ["both losses against smoothed labels"] * bool(recipe.get("label_smoothing"))
    return ", ".join(parts)
