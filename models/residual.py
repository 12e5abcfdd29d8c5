"""Three residual networks (He et al. 2016), smaller than the report's CNN; two are more accurate.

small has 1,048,455 parameters, for a first result in minutes; compact has 1,762,695 and needs a third of the
CNN's operations; medium has 3,496,615.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from data import IMAGE_SIZE, NUM_CLASSES
from models.layers import InterpolationBlur, block_end, convolution_block, normalization

# No bias: batch normalisation would subtract it again.
CONVOLUTION: dict[str, Any] = {"use_bias": False, "kernel_initializer": "he_normal"}


def build_small(mean: float, std: float, dropout: float = 0.3, block_dropout: float = 0.0) -> keras.Model:
    """As build_compact, with fewer filters."""
    return _one_block_each("small", (32, 96, 192), mean, std, dropout, block_dropout)


def build_compact(mean: float, std: float, dropout: float = 0.3, block_dropout: float = 0.0) -> keras.Model:
    """(N, 48, 48) grey levels 0..255 -> (N, 7) logits.

    mean, std: of all grey levels of the training set. dropout: rate before the last layer. block_dropout:
    rate after each residual block.
    """
    return _one_block_each("compact", (48, 112, 256), mean, std, dropout, block_dropout)


def build_medium(mean: float, std: float, dropout: float = 0.3, block_dropout: float = 0.0) -> keras.Model:
    """As build_compact, with one convolution at full resolution and two residual blocks in each stage."""
    inputs, x = _preprocessed(mean, std)
    x = convolution_block(x, 32, 1, **CONVOLUTION)  # 48, 48, 32
    number, block = 2, 0
    for stage, filters in enumerate((64, 128, 256)):  # 24, 24, then 12, 12, then 6, 6
        if stage:
            x = layers.MaxPooling2D(name=f"max_pooling2d_{stage}")(x)
        x = convolution_block(x, filters, number, strides=1 if stage else 2, **CONVOLUTION)
        for _ in range(2):
            block += 1
            x = block_end(_residual_block(x, number + 1), block_dropout, block)
            number += 2
        number += 1
    return keras.Model(inputs, _logits(x, dropout), name="medium")


def _one_block_each(
    name: str, widths: Sequence[int], mean: float, std: float, dropout: float, block_dropout: float
) -> keras.Model:
    """A network of one residual block in each stage. widths: the filters at 24x24, at 12x12 and at 6x6."""
    inputs, x = _preprocessed(mean, std)
    # No stage is at 48x48, where a convolution costs most and gains least: the first convolution steps by
    # two, and its kernel is 4x4 to see every pixel equally often.
    x = convolution_block(x, widths[0], 1, kernel_size=4, strides=2, **CONVOLUTION)  # 24, 24
    x = block_end(_residual_block(x, 2), block_dropout, 1)
    for stage, filters in enumerate(widths[1:], start=1):
        x = layers.MaxPooling2D(name=f"max_pooling2d_{stage}")(x)  # 12, 12, then 6, 6
        x = convolution_block(x, filters, 3 * stage + 1, **CONVOLUTION)
        x = block_end(_residual_block(x, 3 * stage + 2), block_dropout, stage + 1)
    return keras.Model(inputs, _logits(x, dropout), name=name)


def _preprocessed(mean: float, std: float) -> tuple[Any, Any]:
    """The input, and the faces normalised, blurred outside training, and with one channel: (N, 48, 48, 1)."""
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE), name="faces")
    # float32, like the grey levels that it averages.
    x = InterpolationBlur(dtype="float32", name="interpolation_blur")(normalization(mean, std)(inputs))
    return inputs, keras.ops.expand_dims(x, axis=-1)


def _residual_block(x: Any, number: int) -> Any:
    """Convolutions `number` and `number + 1`, with the input carried around them.

    The second one's ReLU follows the sum, as in the paper.
    """
    y = convolution_block(x, x.shape[-1], number, **CONVOLUTION)
    y = convolution_block(y, x.shape[-1], number + 1, activate=False, **CONVOLUTION)
    return layers.ReLU(name=f"activation_{number + 1}")(layers.Add(name=f"add_{number + 1}")([x, y]))


def _logits(x: Any, dropout: float) -> Any:
    """(N, height, width, channels) -> (N, 7), from the mean and the maximum of each map.

    The mean says how much of the face shows a feature, the maximum whether any part of it does.
    """
    mean, maximum = layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)
    x = layers.Dropout(dropout, name="dropout_1")(layers.Concatenate(name="pooled")([mean, maximum]))
    return layers.Dense(NUM_CLASSES, dtype="float32", name="dense_1")(x)
