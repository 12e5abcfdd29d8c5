"""The report's convolutional network (question 1): 19,323,463 parameters."""

import keras
from keras import layers

from data import IMAGE_SIZE, NUM_CLASSES
from models import layers as ours

STAGE_FILTERS = (32, 64, 128)
BLOCKS_PER_STAGE = 3
DENSE_UNITS = 1024


def build_cnn(mean: float, std: float, dropout: float = 0.5, block_dropout: float = 0.0) -> keras.Model:
    """(N, 48, 48) grey levels 0..255 -> (N, 7) logits.

    mean, std: of all grey levels of the training set. dropout: rate before the last layer (the report does
    not name its own). block_dropout: rate after each pooling; the report has none. Shapes below are (height,
    width, channels); the report prints channels first.
    """
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE), name="faces")
    x = ours.normalization(mean, std)(inputs)
    x = ours.InterpolationBlur(dtype="float32", name="interpolation_blur")(x)
    x = layers.Reshape((IMAGE_SIZE, IMAGE_SIZE, 1), name="channel")(x)  # 48, 48, 1
    number = 0
    for stage, filters in enumerate(STAGE_FILTERS, start=1):
        for _ in range(BLOCKS_PER_STAGE):
            number += 1
            x = ours.convolution_block(x, filters, number)
        # 24, 48, 16, then 12, 48, 32, then 6, 48, 64
        x = ours.ChannelHeightMaxPooling2D(name=f"max_pooling2d_{stage}")(x)
        x = ours.block_end(x, block_dropout, stage)
    x = layers.Flatten(name="flatten_1")(x)  # 18432
    x = layers.Dense(DENSE_UNITS, name="dense_1")(x)
    x = layers.BatchNormalization(momentum=ours.MOMENTUM, name=f"batch_normalization_{number + 1}")(x)
    x = layers.ReLU(name=f"activation_{number + 1}")(x)
    x = layers.Dropout(dropout, name="dropout_1")(x)
    # Logits stay float32 under mixed precision: a softmax over bfloat16 loses three digits.
    logits = layers.Dense(NUM_CLASSES, dtype="float32", name="dense_2")(x)
    return keras.Model(inputs, logits, name="cnn")
