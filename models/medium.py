"""The medium network: compact with twice the residual blocks and a first convolution at full resolution."""

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

# Channels of the one convolution at 48x48, then of the stages at 24x24, 12x12 and 6x6.
FIRST_FILTERS = 32
STAGE_FILTERS = (64, 128, 256)
BLOCKS_PER_STAGE = 2
# No bias: batch normalisation would subtract it again.
CONVOLUTION: dict[str, Any] = {"use_bias": False, "kernel_initializer": "he_normal"}


def build_medium(mean: float, std: float, dropout: float = 0.3, block_dropout: float = 0.0) -> keras.Model:
    """(N, 48, 48) grey levels 0..255 -> (N, 7) logits.

    mean, std: of all grey levels of the training set. dropout: rate before the last layer. block_dropout:
    rate after each residual block.
    """
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE), name="faces")
    x = normalization(mean, std)(inputs)
    x = InterpolationBlur(dtype="float32", name="interpolation_blur")(x)
    x = keras.ops.expand_dims(x, axis=-1)
    x = convolution_block(x, FIRST_FILTERS, 1, **CONVOLUTION)  # 48, 48
    convolutions, blocks = 1, 0
    for stage, filters in enumerate(STAGE_FILTERS):
        if stage:
            x = layers.MaxPooling2D(name=f"max_pooling2d_{stage}")(x)  # 12, 12, then 6, 6
        convolutions += 1
        x = convolution_block(
            x, filters, convolutions, strides=1 if stage else 2, **CONVOLUTION
        )  # 24, 24 first
        for _ in range(BLOCKS_PER_STAGE):
            blocks += 1
            x = block_end(residual_block(x, convolutions + 1, **CONVOLUTION), block_dropout, blocks)
            convolutions += 2
    x = layers.Dropout(dropout, name="dropout_1")(pooled(x))
    logits = layers.Dense(NUM_CLASSES, dtype="float32", name="dense_1")(x)
    return keras.Model(inputs, logits, name="medium")
