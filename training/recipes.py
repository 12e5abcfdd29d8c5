"""How each network is trained: recipes as data. `report` is the report's own, `fast` is this suite's."""

from dataclasses import dataclass

from data.ranges import Augmentation


@dataclass(frozen=True)
class Recipe:
    """Defaults of the options, optimiser, schedule, regularisation and augmentation of a run.

    validation: as --validation. learning_rate: constant; or, when warmup > 0, the peak of a one-cycle
    schedule: linear warm-up over that share of all steps, then a cosine to zero (Smith 2018).
    weight_decay: decoupled (AdamW; Loshchilov & Hutter 2019), 0 for plain Adam. dropout: rate of every
    dropout layer. augmentation None: faces as they are.
    """

    epochs: int
    validation: str
    batch_size: int = 128
    learning_rate: float = 0.001
    warmup: float = 0.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    dropout: float = 0.5
    augmentation: Augmentation | None = None


RECIPES = {
    "cnn": {
        "report": Recipe(
            epochs=100,
            validation="none",
            augmentation=Augmentation(rotation=10, shift=0.1, flip=True),
        ),
        "fast": Recipe(
            epochs=24,
            validation="none",
            learning_rate=0.002,
            warmup=0.15,
            weight_decay=0.02,
            label_smoothing=0.1,
            dropout=0.3,
            augmentation=Augmentation(rotation=8, shift=0.06, zoom=0.08, flip=True),
        ),
    },
    "dnn": {
        "report": Recipe(epochs=80, validation="0.2"),
        "fast": Recipe(
            epochs=30,
            validation="none",
            learning_rate=0.001,
            warmup=0.15,
            weight_decay=0.05,
            label_smoothing=0.1,
            dropout=0.3,
            augmentation=Augmentation(rotation=5, shift=0.04, zoom=0.05, flip=True),
        ),
    },
}
