"""How each network is trained: recipes as data. `report` is the report's own, the others are this suite's."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from data import InputError
from models import CONVOLUTIONAL, NETWORKS

# The settings that are options of their own.
OPTIONS = ("epochs", "batch_size", "validation")


def number(default: float, least: float, most: float) -> Any:
    """A setting that --set changes within a range; a switch has 0 and 1, or false and true."""

    def parse(text: str) -> float:
        value = float({"false": "0", "true": "1"}.get(text, text))
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return field(default=default, metadata={"parse": parse, "allowed": f"a number from {least} to {most}"})


def name(default: str, *names: str) -> Any:
    """A setting that --set changes to one of these names."""
    parse = dict(zip(names, names, strict=True)).__getitem__
    return field(default=default, metadata={"parse": parse, "allowed": " or ".join(names)})


@dataclass(frozen=True)
class Augmentation:
    """Ranges of random changes to a face, each uniform and symmetric about 'unchanged'.

    rotation: degrees. shift: share of the side. zoom: share of the size, closer and farther. aspect: share by
    which the face becomes wider or narrower. flip: mirror half of the faces. alternate: mirror each face in
    every other epoch instead of at random (Jordan 2024, 'airbench'). brightness: share of the range of grey
    levels. contrast: share of the differences between them. erase: the largest share of the face that a
    rectangle of its mean covers, 0 for none; erase_probability: the share of faces with one (Zhong et al.
    2020). jpeg: the share of faces that are stored as JPEG first, with all its losses.
    """

    rotation: float = number(0.0, 0, 180)
    shift: float = number(0.0, 0, 0.5)
    zoom: float = number(0.0, 0, 0.5)
    aspect: float = number(0.0, 0, 0.5)
    flip: bool = number(False, 0, 1)
    alternate: bool = number(False, 0, 1)
    brightness: float = number(0.0, 0, 1)
    contrast: float = number(0.0, 0, 1)
    erase: float = number(0.0, 0, 1)
    erase_probability: float = number(1.0, 0, 1)
    jpeg: float = number(0.0, 0, 1)


@dataclass(frozen=True)
class Recipe:
    """Defaults of the options, optimizer, schedule, regularisation and augmentation of a run.

    validation: as --validation. optimizer: adam, adamw (Loshchilov & Hutter 2019), muon
    (training/optimizers.py) or sgd (Nesterov, momentum 0.9; set learning_rate and weight_decay too, since
    those of a recipe suit its own optimizer).
    learning_rate: constant; or, when warmup > 0, the peak of a one-cycle schedule: linear warm-up over that
    share of all steps from 1/25 of the peak, then a cosine to zero (Smith 2018). schedule: linear for a
    straight line to zero instead, after a warm-up, if any, from 1/5 of the peak. weight_decay: decoupled, of
    all but adam.
    adam_share: learning rate of what muon leaves to AdamW, as a share of learning_rate.
    average: validate and keep the exponential moving average of the weights, in which a step keeps this share
    of the average before it (Polyak & Juditsky 1992), or less in a short run, so that the average reaches
    back over a tenth of it at most; 0 for the weights themselves.
    dropout: rate of every dropout layer that a network always has. block_dropout: rate after each of its
    blocks. teacher_share: weight of --teacher's probabilities in the targets, beside the labels.
    mixup: alpha of the Beta distribution by which pairs of faces and of targets are averaged (Zhang et al.
    2018), 0 for none; mixup_share: the share of batches; mixup_until: the share of epochs after which faces
    stay whole. whiten: the first filters of new weights whiten patches of the faces and are not trained
    (training/whitening.py). mirrored: validate by the mean over each face and its mirror image, as
    confusion.py --tta.
    """

    epochs: int
    validation: str = "auto"
    batch_size: int = 128
    optimizer: str = name("adam", "adam", "adamw", "muon", "sgd")
    learning_rate: float = number(0.001, 1e-7, 10)
    warmup: float = number(0.0, 0, 0.9)
    schedule: str = name("cosine", "cosine", "linear")
    weight_decay: float = number(0.0, 0, 10)
    adam_share: float = number(1.0, 1e-4, 10)
    average: float = number(0.0, 0, 0.99999)
    label_smoothing: float = number(0.0, 0, 0.9)
    dropout: float = number(0.5, 0, 0.95)
    block_dropout: float = number(0.0, 0, 0.95)
    teacher_share: float = number(0.5, 0, 1)
    mixup: float = number(0.0, 0, 10)
    mixup_share: float = number(1.0, 0, 1)
    mixup_until: float = number(1.0, 0, 1)
    whiten: bool = number(False, 0, 1)
    mirrored: bool = number(False, 0, 1)
    augmentation: Augmentation = Augmentation()


_REPORT = Augmentation(rotation=10, shift=0.1, flip=True)
_PLAIN = Augmentation(rotation=10, shift=0.08, zoom=0.1, flip=True, erase=0.043)
_CNN_FAST = Recipe(epochs=24, optimizer="muon", learning_rate=0.01, adam_share=0.2, warmup=0.15)
_CNN_FAST = replace(_CNN_FAST, weight_decay=0.02, label_smoothing=0.1, dropout=0.4, augmentation=_PLAIN)
_LIGHT = Augmentation(rotation=5, shift=0.04, zoom=0.05, flip=True, alternate=True)
_DNN_FAST = Recipe(epochs=60, batch_size=256, optimizer="adamw", learning_rate=0.0015, warmup=0.15)
_DNN_FAST = replace(_DNN_FAST, weight_decay=0.05, average=0.998, label_smoothing=0.1, dropout=0.3)
_DNN_FAST = replace(_DNN_FAST, augmentation=replace(_LIGHT, brightness=0.1, contrast=0.2))
_STRONG = Augmentation(rotation=12, shift=0.1, zoom=0.12, aspect=0.08, flip=True, alternate=True)
_STRONG = replace(_STRONG, brightness=0.1, contrast=0.2, erase=0.15, erase_probability=0.5)
_MEDIUM_FAST = replace(_CNN_FAST, epochs=62, adam_share=1.0, average=0.998, dropout=0.3, block_dropout=0.1)
_MEDIUM_FAST = replace(_MEDIUM_FAST, mixup=0.2, mixup_share=0.5, mixup_until=0.9, augmentation=_STRONG)
# The fewest seconds to 0.65, by experiments of few epochs (docs/results.md).
_SMALL = replace(_CNN_FAST, epochs=8, learning_rate=0.02, adam_share=1.0, average=0.998, dropout=0.2)
_SMALL = replace(_SMALL, warmup=0.2, schedule="linear", whiten=True, label_smoothing=0.0, mirrored=True)
_SMALL = replace(_SMALL, augmentation=replace(_LIGHT, rotation=8, shift=0.06, zoom=0.08))
RECIPES = {
    "cnn": {"report": Recipe(epochs=100, validation="none", augmentation=_REPORT), "fast": _CNN_FAST},
    "dnn": {"report": Recipe(epochs=80, validation="0.2"), "fast": _DNN_FAST},
    "small": {"fast": _SMALL},
    "compact": {"fast": replace(_MEDIUM_FAST, epochs=66)},
    "medium": {"fast": _MEDIUM_FAST},
}
for _name in NETWORKS:
    RECIPES.setdefault(_name, RECIPES["compact" if _name in CONVOLUTIONAL else "dnn"].copy())
# From given weights: gentler steps, and more of them, since there are few faces; no average, no mixup,
# and every filter may change.
for _recipes in RECIPES.values():
    _rate = 0.3 * _recipes["fast"].learning_rate
    _gentle = replace(_recipes["fast"], epochs=8, batch_size=32, learning_rate=_rate)
    _recipes["finetune"] = replace(_gentle, average=0.0, mixup=0.0, whiten=False)

SETTINGS = {each.name: each for each in (*fields(Recipe), *fields(Augmentation)) if each.metadata}


def with_settings(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """The recipe with other settings, each as 'NAME=VALUE'; of two of one name the last counts.

    The names are those of SETTINGS. Raises InputError.
    """
    for change in changes:
        setting, _, text = change.partition("=")
        if setting not in SETTINGS:
            raise InputError(f"--set {change}: give NAME=VALUE, with one of the names {', '.join(SETTINGS)}")
        metadata = SETTINGS[setting].metadata
        try:
            value = {setting: metadata["parse"](text)}
        except (KeyError, ValueError):
            raise InputError(f"--set {change}: give {setting}=VALUE, {metadata['allowed']}") from None
        if not hasattr(recipe, setting):  # it is one of the augmentation's
            value = {"augmentation": replace(recipe.augmentation, **value)}
        recipe = replace(recipe, **value)
    return recipe


def recipe_from(values: dict[str, Any]) -> Recipe:
    """The recipe of which these are the values, as in run.json."""
    return Recipe(**values | {"augmentation": Augmentation(**values["augmentation"])})
