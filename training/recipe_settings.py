"""What `--set` of the training scripts changes in a recipe."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from data.checked import problem
from data.errors import InputError
from training.recipes import Augmentation, Recipe

SWITCHES = {"false": False, "0": False, "true": True, "1": True}
# Those that are options of their own.
OPTIONS = ("epochs", "batch_size", "validation")
NAMES = tuple(
    field.name
    for each in (Recipe, Augmentation)
    for field in dataclasses.fields(each)
    if field.name not in (*OPTIONS, "augmentation")
)


def with_settings(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """The recipe with other settings, each as 'NAME=VALUE'; of two of one name the last counts.

    Names are those of Recipe and Augmentation; if all ranges are 0 and nothing is flipped, there is no
    augmentation. Raises InputError.
    """
    for change in changes:
        name, equals, text = change.partition("=")
        if name in OPTIONS:
            raise InputError(f"--set {change}: is an option of its own, --{name.replace('_', '-')}")
        if not equals or name not in NAMES:
            raise InputError(f"--set {change}: is not NAME=VALUE with a name of {', '.join(NAMES)}")
        try:
            recipe = _with_setting(recipe, name, _value(name, text))
        except ValidationError as error:
            raise InputError(f"--set {change}: {problem(error)}") from None
    _refuse_without_effect(recipe, changes)
    return _without_idle_settings(recipe)


def _refuse_without_effect(recipe: Recipe, changes: Sequence[str]) -> None:
    """InputError when one of the settings that were given does nothing in this recipe."""
    ranges = recipe.augmentation or Augmentation()
    needed = {
        "adam_share": (recipe.optimizer == "muon", "optimizer=muon"),
        "weight_decay": (recipe.optimizer != "adam" or not recipe.weight_decay, "optimizer=adamw"),
        "mixup_share": (recipe.mixup > 0, "mixup=0.2"),
        "mixup_until": (recipe.mixup > 0, "mixup=0.2"),
        "alternate": (ranges.flip or not ranges.alternate, "flip=true"),
        "erase_probability": (ranges.erase > 0, "erase=0.1"),
    }
    for change in changes:
        has_effect, setting = needed.get(change.partition("=")[0], (True, ""))
        if not has_effect:
            raise InputError(f"--set {change}: has no effect here; omit it or set {setting} too")


def _with_setting(recipe: Recipe, name: str, value: Any) -> Recipe:
    if hasattr(recipe, name):  # else it is one of the augmentation's
        return dataclasses.replace(recipe, **{name: value})
    ranges = dataclasses.replace(recipe.augmentation or Augmentation(), **{name: value})
    return dataclasses.replace(recipe, augmentation=ranges)


def _without_idle_settings(recipe: Recipe) -> Recipe:
    """The recipe without what has no effect: of its optimiser, mixup and augmentation."""
    if recipe.optimizer == "adam":
        recipe = dataclasses.replace(recipe, weight_decay=0.0)
    if recipe.optimizer != "muon":
        recipe = dataclasses.replace(recipe, adam_share=1.0)
    if not recipe.mixup:
        recipe = dataclasses.replace(recipe, mixup_share=1.0, mixup_until=1.0)
    ranges = recipe.augmentation or Augmentation()
    if not ranges.flip:
        ranges = dataclasses.replace(ranges, alternate=False)
    if not ranges.erase:
        ranges = dataclasses.replace(ranges, erase_probability=1.0)
    return dataclasses.replace(recipe, augmentation=None if ranges == Augmentation() else ranges)


def _value(name: str, text: str) -> Any:
    """The value that `text` stands for, or the text itself, which the recipe then refuses."""
    if name in ("flip", "alternate"):
        if text.lower() not in SWITCHES:
            raise InputError(f"--set {name}={text}: is neither true nor false")
        return SWITCHES[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
