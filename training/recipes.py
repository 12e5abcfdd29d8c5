"""How each network is trained: recipes as data. `report` is the report's own, the others are this suite's."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic.dataclasses import dataclass

from data.checked import CHECKED, Count, Share, between


@dataclass(frozen=True, config=CHECKED)
class Augmentation:
    """Ranges of random changes to a face, each uniform and symmetric about 'unchanged'.

    rotation: degrees. shift: share of the side. zoom: share of the size, closer and farther. aspect: share by
    which the face becomes wider or narrower. flip: mirror half of the faces. alternate: mirror each face in
    every other epoch instead of at random (Jordan 2024, 'airbench'). brightness: share of the range of grey
    levels. contrast: share of the differences between them. erase: the largest share of the face that a
    rectangle of its mean covers, 0 for none; erase_probability: the share of faces with one (Zhong et al.
    2020).
    """

    rotation: Annotated[float, between(0, 180)] = 0.0
    shift: Annotated[float, between(0, 0.5)] = 0.0
    zoom: Annotated[float, between(0, 0.5)] = 0.0
    aspect: Annotated[float, between(0, 0.5)] = 0.0
    flip: bool = False
    alternate: bool = False
    brightness: Share = 0.0
    contrast: Share = 0.0
    erase: Share = 0.0
    erase_probability: Share = 1.0


@dataclass(frozen=True, config=CHECKED)
class Recipe:
    """Defaults of the options, optimiser, schedule, regularisation and augmentation of a run.

    validation: as --validation, or 'auto' for what training_data.default_validation finds. optimizer: adam,
    adamw (Loshchilov & Hutter 2019), muon (training/optimizers.py) or sgd (Nesterov, momentum 0.9; set
    learning_rate and weight_decay too, since those of a recipe suit its own optimiser).
    learning_rate: constant; or, when warmup > 0, the peak of a one-cycle schedule: linear warm-up over that
    share of all steps, then a cosine to zero (Smith 2018). weight_decay: decoupled, of all but adam.
    adam_share: learning rate of what muon leaves to AdamW, as a share of learning_rate.
    average: validate and keep the exponential moving average of the weights, in which a step keeps this share
    of the average before it (Polyak & Juditsky 1992; training/averaging.py), or less in a short run, so that
    the average reaches back over a tenth of it at most; 0 for the weights themselves.
    dropout: rate of every dropout layer that a network always has. block_dropout: rate after each of its
    blocks. teacher_share: weight of --teacher's probabilities in the targets, beside the labels.
    mixup: alpha of the Beta distribution by which pairs of faces and of targets are averaged (Zhang et al.
    2018), 0 for none; mixup_share: the share of batches; mixup_until: the share of epochs after which faces
    stay whole. augmentation None: faces as they are.
    """

    epochs: Count
    validation: str
    batch_size: Count = 128
    optimizer: Literal["adam", "adamw", "muon", "sgd"] = "adam"
    learning_rate: Annotated[float, between(1e-7, 10)] = 0.001
    warmup: Annotated[float, between(0, 0.9)] = 0.0
    weight_decay: Annotated[float, between(0, 10)] = 0.0
    adam_share: Annotated[float, between(1e-4, 10)] = 1.0
    average: Annotated[float, between(0, 0.99999)] = 0.0
    label_smoothing: Annotated[float, between(0, 0.9)] = 0.0
    dropout: Annotated[float, between(0, 0.95)] = 0.5
    block_dropout: Annotated[float, between(0, 0.95)] = 0.0
    teacher_share: Share = 0.5
    mixup: Annotated[float, between(0, 10)] = 0.0
    mixup_share: Share = 1.0
    mixup_until: Share = 1.0
    augmentation: Augmentation | None = None


_CNN_FAST = Recipe(
    epochs=24,
    validation="auto",
    optimizer="muon",
    learning_rate=0.01,
    adam_share=0.2,
    warmup=0.15,
    weight_decay=0.02,
    label_smoothing=0.1,
    dropout=0.4,
    augmentation=Augmentation(rotation=10, shift=0.08, zoom=0.1, flip=True, erase=0.043),
)

RECIPES = {
    "cnn": {
        "report": Recipe(
            epochs=100,
            validation="none",
            augmentation=Augmentation(rotation=10, shift=0.1, flip=True),
        ),
        "fast": _CNN_FAST,
    },
    "dnn": {
        "report": Recipe(epochs=80, validation="0.2"),
        "fast": Recipe(
            epochs=60,
            validation="auto",
            batch_size=256,
            optimizer="adamw",
            learning_rate=0.0015,
            warmup=0.15,
            weight_decay=0.05,
            average=0.998,
            label_smoothing=0.1,
            dropout=0.3,
            augmentation=Augmentation(
                rotation=5, shift=0.04, zoom=0.05, flip=True, alternate=True, brightness=0.1, contrast=0.2
            ),
        ),
    },
    "compact": {
        "fast": replace(_CNN_FAST, epochs=33, adam_share=1.0, dropout=0.3),
    },
    "medium": {
        "fast": replace(
            _CNN_FAST,
            epochs=62,
            adam_share=1.0,
            average=0.998,
            dropout=0.3,
            block_dropout=0.1,
            mixup=0.2,
            mixup_share=0.5,
            mixup_until=0.9,
            augmentation=Augmentation(
                rotation=12,
                shift=0.1,
                zoom=0.12,
                aspect=0.08,
                flip=True,
                alternate=True,
                brightness=0.1,
                contrast=0.2,
                erase=0.15,
                erase_probability=0.5,
            ),
        ),
    },
}

# From given weights: gentler steps, and more of them, since there are few faces; nothing that needs many.
for _recipes in RECIPES.values():
    _recipes["finetune"] = replace(
        _recipes["fast"],
        epochs=8,
        batch_size=32,
        learning_rate=0.3 * _recipes["fast"].learning_rate,
        average=0.0,
        mixup=0.0,
    )
