"""The compact network: a small residual network for a laptop, a third of the report's CNN's operations."""

from typing import Any

import keras
from keras import layers

from data.dataset import IMAGE_SIZE, NUM_CLASSES
from models.layers import (
    InterpolationBlur,
    block_end,
    convolution_block,
    normalization,
    pooled,
    residual_block,
)

# Channels of the stages at 24x24, 12x12 and 6x6. There is none at 48x48, where a convolution costs most and
# gains least: the first convolution steps by two, and its kernel is 4x4 to see every pixel equally often.
STAGE_FILTERS = (48, 112, 256)
# No bias: batch normalisation would subtract it again.
CONVOLUTION: dict[str, Any] = {"use_bias": False, "kernel_initializer": "he_normal"}


def build_compact(mean: float, std: float, dropout: float = 0.3, block_dropout: float = 0.0) -> keras.Model:
    """(N, 48, 48) grey levels 0..255 -> (N, 7) logits.

    mean, std: of all grey levels of the training set. dropout: rate before the last layer. block_dropout:
    rate after each residual block.
    """
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE), name="faces")
    x = normalization(mean, std)(inputs)
    # Acts outside training only; float32, like the grey levels that it averages.
    x = InterpolationBlur(dtype="float32", name="interpolation_blur")(x)
    x = keras.ops.expand_dims(x, axis=-1)
    x = convolution_block(x, STAGE_FILTERS[0], 1, kernel_size=4, strides=2, **CONVOLUTION)  # 24, 24
    x = block_end(residual_block(x, 2, **CONVOLUTION), block_dropout, 1)
    # Convolutions are numbered in order: one that widens and two of a residual block in each stage.
    for stage, filters in enumerate(STAGE_FILTERS[1:], start=1):
        x = layers.MaxPooling2D(name=f"max_pooling2d_{stage}")(x)  # 12, 12, then 6, 6
        x = convolution_block(x, filters, 3 * stage + 1, **CONVOLUTION)
        x = block_end(residual_block(x, 3 * stage + 2, **CONVOLUTION), block_dropout, stage + 1)
    x = layers.Dropout(dropout, name="dropout_1")(pooled(x))
    logits = layers.Dense(NUM_CLASSES, dtype="float32", name="dense_1")(x)
    return keras.Model(inputs, logits, name="compact")
