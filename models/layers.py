"""The layers that Keras does not have, and the block that the convolutional networks share."""

from typing import Any

import keras
from keras import layers

# Of batch normalisation. Keras's 0.99 needs some 500 steps to forget the initial values, too many for short
# runs.
MOMENTUM = 0.9


class ChannelHeightMaxPooling2D(layers.Layer):
    """2x2 maximum over pairs of channels and pairs of rows; the width stays.

    The report ran its convolutions channels_first but its max pooling with Keras's default channels_last, so
    the pooling took the channels for the height and the height for the width (report, question 1).
    (N, height, width, channels) -> (N, height // 2, width, channels // 2).
    """

    def call(self, inputs: Any) -> Any:
        # The maximum of strided slices is faster on a CPU than a reshape and a reduction.
        rows = keras.ops.maximum(inputs[:, 0::2], inputs[:, 1::2])
        return keras.ops.maximum(rows[..., 0::2], rows[..., 1::2])


class FusedBatchNormalization(layers.BatchNormalization):
    """Keras's batch normalisation of (N, height, width, channels) by TensorFlow's fused kernel.

    Keras 3 computes the same in many passes over memory: on two slow Zen 4 cores the CNN trains at 95
    instead of 74 faces/s with this one. The statistics are float32 even where the faces come as bfloat16.
    """

    def __init__(self, **options: Any) -> None:
        # Without autocast the inputs keep their dtype and the statistics theirs, as the kernel wants them.
        super().__init__(autocast=False, **options)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        frozen = not training or not self.trainable
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=self.moving_mean if frozen else [],
            variance=self.moving_variance if frozen else [],
            epsilon=self.epsilon,
            is_training=not frozen,
        )
        if not frozen:
            for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                average.assign(average * self.momentum + value * (1.0 - self.momentum))
        return outputs


class InterpolationBlur(layers.Layer):
    """Outside training, blur faces as much as augmentation's bilinear interpolation does on average.

    (N, height, width) -> the same. Sampling at a fraction f between two pixels has the variance f (1 - f) of
    their distance squared, for a uniform f 1/6 on average, as has the kernel (1, 10, 1) / 12. Without it a
    network sees sharper faces than it was trained on: a compact network got 67.3 % of PublicTest right
    without it and 67.9 % with it.
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if training:
            return inputs
        padded = keras.ops.pad(inputs, [[0, 0], [1, 1], [1, 1]], mode="symmetric")
        rows = (padded[:, :-2] + 10.0 * padded[:, 1:-1] + padded[:, 2:]) / 12.0
        return (rows[..., :-2] + 10.0 * rows[..., 1:-1] + rows[..., 2:]) / 12.0


def normalization(mean: float, std: float) -> layers.Layer:
    """Grey levels to zero mean and unit standard deviation; configuration, so it adds no parameters."""
    # float32 under mixed precision too: an augmented grey level has more digits than bfloat16 holds.
    # Not Keras's Normalization, whose constants would become inputs in an ONNX file.
    return layers.Rescaling(1 / std, offset=-mean / std, dtype="float32", name="normalization")


def convolution_block(
    x: Any, filters: int, number: int, kernel_size: int = 3, activate: bool = True, **options: Any
) -> Any:
    """Convolution, batch normalisation and, if `activate`, ReLU; named as in the report: conv2d_1, and so on.

    x: (N, height, width, channels). options: further arguments of keras.layers.Conv2D.
    """
    x = layers.Conv2D(filters, kernel_size, padding="same", name=f"conv2d_{number}", **options)(x)
    x = FusedBatchNormalization(momentum=MOMENTUM, name=f"batch_normalization_{number}")(x)
    return layers.ReLU(name=f"activation_{number}")(x) if activate else x


def block_end(x: Any, rate: float, number: int) -> Any:
    """Dropout after block `number` of a network; no layer if the rate is 0."""
    return layers.Dropout(rate, name=f"block_dropout_{number}")(x) if rate else x
