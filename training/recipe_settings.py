"""What `--set` of the training scripts may change in a recipe, and within which bounds."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from data.dataset import IMAGE_SIZE
from data.errors import InputError
from training.recipes import OPTIMIZERS, Augmentation, Recipe

# Least and greatest value of each number; int where only whole numbers make sense.
_BOUNDS: dict[str, tuple[type, float, float]] = {
    "learning_rate": (float, 1e-7, 10),
    "warmup": (float, 0, 0.9),
    "weight_decay": (float, 0, 10),
    "adam_share": (float, 1e-4, 10),
    "label_smoothing": (float, 0, 0.9),
    "dropout": (float, 0, 0.95),
    "rotation": (float, 0, 180),
    "shift": (float, 0, 0.5),
    "zoom": (float, 0, 0.5),
    "flip": (int, 0, 1),
    "erase": (int, 0, IMAGE_SIZE),
}
NAMES = ("optimizer", *_BOUNDS)


def with_settings(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """The recipe with other settings, each as 'NAME=VALUE'; of two of one name the last counts.

    Names are those of Recipe and Augmentation; with every range at 0 there is no augmentation. Raises
    InputError.
    """
    for change in changes:
        name, equals, text = change.partition("=")
        if name in ("epochs", "batch_size", "validation"):
            raise InputError(f"--set {change}: is an option of its own, --{name.replace('_', '-')}")
        if not equals or name not in NAMES:
            raise InputError(f"--set {change}: is not NAME=VALUE with a name of {', '.join(NAMES)}")
        setting = {name: _value(change, name, text)}
        if hasattr(recipe, name):  # else it is one of the augmentation's
            recipe = dataclasses.replace(recipe, **setting)
        else:
            ranges = dataclasses.replace(recipe.augmentation or Augmentation(), **setting)
            recipe = dataclasses.replace(recipe, augmentation=None if ranges == Augmentation() else ranges)
    names = {change.partition("=")[0] for change in changes}
    if recipe.optimizer != "muon" and "adam_share" in names:
        raise InputError("--set adam_share: is of muon only; leave it away or set optimizer=muon too")
    if recipe.optimizer == "adam" and "weight_decay" in names and recipe.weight_decay:
        raise InputError("--set weight_decay: adam has none; leave it away or set optimizer=adamw too")
    return recipe


def check_settings(recipe: Recipe) -> None:
    """InputError when a recipe, as run.json holds it, has a setting that --set would refuse."""
    ranges = recipe.augmentation or Augmentation()
    for name in NAMES:
        value = getattr(recipe if hasattr(recipe, name) else ranges, name)
        text = str(int(value) if isinstance(value, bool) else value)
        if _value(f"{name}={text}", name, text) != value:
            raise InputError(f"--set {name}={value}: is of another type")


def _value(change: str, name: str, text: str) -> Any:
    if name == "optimizer":
        if text not in OPTIMIZERS:
            raise InputError(f"--set {change}: choose one of {', '.join(OPTIMIZERS)}")
        return text
    kind, least, greatest = _BOUNDS[name]
    try:
        value = kind(text)
    except ValueError:
        value = math.nan  # lies in no range
    if not least <= value <= greatest:
        what = "a whole number" if kind is int else "a number"
        raise InputError(f"--set {change}: give {what} from {least:g} to {greatest:g}")
    return bool(value) if name == "flip" else value
