"""The compact network: a small residual network for a laptop, a third of the report's CNN's operations."""

from functools import partial
from typing import Any

import keras
from keras import layers

from data.dataset import IMAGE_SIZE, NUM_CLASSES
from models.layers import InterpolationBlur, convolution_block, normalization

# Channels of the stages at 24x24, 12x12 and 6x6. There is none at 48x48, where a convolution costs most and
# gains least: the first convolution steps by two, and its kernel is 4x4 to see every pixel equally often.
STAGE_FILTERS = (48, 112, 256)
# No bias: batch normalisation would subtract it again.
_convolution = partial(convolution_block, use_bias=False, kernel_initializer="he_normal")


def build_compact(mean: float, std: float, dropout: float = 0.3) -> keras.Model:
    """(N, 48, 48) grey levels 0..255 -> (N, 7) logits.

    mean, std: of all grey levels of the training set. dropout: rate before the last layer.
    """
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE), name="faces")
    x = normalization(mean, std)(inputs)
    # Acts outside training only; float32, like the grey levels that it averages.
    x = InterpolationBlur(dtype="float32", name="interpolation_blur")(x)
    x = keras.ops.expand_dims(x, axis=-1)
    x = _convolution(x, STAGE_FILTERS[0], 1, kernel_size=4, strides=2)  # 24, 24
    x = _residual_block(x, 2)
    # Convolutions are numbered in order: one that widens and two of a residual block in each stage.
    for stage, filters in enumerate(STAGE_FILTERS[1:], start=1):
        x = layers.MaxPooling2D(name=f"max_pooling2d_{stage}")(x)  # 12, 12, then 6, 6
        x = _convolution(x, filters, 3 * stage + 1)
        x = _residual_block(x, 3 * stage + 2)
    # The mean says how much of the face shows a feature, the maximum whether any part does.
    mean_of_map, maximum_of_map = layers.GlobalAveragePooling2D(), layers.GlobalMaxPooling2D()
    x = layers.Concatenate(name="pooled")([mean_of_map(x), maximum_of_map(x)])
    x = layers.Dropout(dropout, name="dropout_1")(x)
    logits = layers.Dense(NUM_CLASSES, dtype="float32", name="dense_1")(x)
    return keras.Model(inputs, logits, name="compact")


def _residual_block(x: Any, number: int) -> Any:
    """Convolutions `number` and `number + 1`, with the input carried around them (He et al. 2016).

    The second one's ReLU follows the sum, as in the paper.
    """
    y = _convolution(x, x.shape[-1], number)
    y = _convolution(y, x.shape[-1], number + 1, activate=False)
    return layers.ReLU(name=f"activation_{number + 1}")(layers.Add(name=f"add_{number + 1}")([x, y]))
