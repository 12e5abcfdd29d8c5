"""The report's parameter-matched dense network (question 2): 18,273,543 parameters, no convolution."""

import keras
from keras import layers

from data import IMAGE_SIZE, NUM_CLASSES
from models.layers import MOMENTUM, block_end, normalization

# In the report's order: a number is a dense layer with ReLU.
STAGES: tuple[int | str, ...] = (
    *(2048, 2048, 2048, 1024, "dropout", "batch_normalization"),
    *(1024, 1024, "batch_normalization"),
    *(512, 512, "batch_normalization"),
    *(256, 128, "dropout"),
)


def build_dnn(mean: float, std: float, dropout: float = 0.5, block_dropout: float = 0.0) -> keras.Model:
    """(N, 48, 48) grey levels 0..255 -> (N, 7) logits.

    mean, std: of all grey levels of the training set. dropout: rate of both dropout layers (the report does
    not name its own). block_dropout: rate after each batch normalisation; the report has none there.
    """
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE), name="faces")
    x = normalization(mean, std)(inputs)
    x = layers.Flatten(name="flatten_1")(x)  # 2304
    count = {"dense": 0, "dropout": 0, "batch_normalization": 0}
    for stage in STAGES:
        kind = stage if isinstance(stage, str) else "dense"
        count[kind] += 1
        name = f"{kind}_{count[kind]}"
        if isinstance(stage, int):
            x = layers.Dense(stage, activation="relu", name=name)(x)
        elif stage == "dropout":
            x = layers.Dropout(dropout, name=name)(x)
        else:
            x = layers.BatchNormalization(momentum=MOMENTUM, name=name)(x)
            x = block_end(x, block_dropout, count[kind])
    logits = layers.Dense(NUM_CLASSES, dtype="float32", name=f"dense_{count['dense'] + 1}")(x)
    return keras.Model(inputs, logits, name="dnn")
