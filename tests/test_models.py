"""The networks against the report's tables and against the report's own channels_first network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from scipy.ndimage import correlate1d

from models.cnn import build_cnn
from models.dnn import build_dnn
from models.layers import ChannelHeightMaxPooling2D, FusedBatchNormalization, InterpolationBlur
from models.summary import layer_table
from reporting.findings import LAYERS, TOTALS

# Layers without parameters that the report did outside its network, or not at all.
OURS = ("faces", "normalization", "interpolation_blur", "channel")

BLUR = np.array([1, 10, 1]) / 12


@pytest.fixture(scope="module")
def cnn() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_cnn(mean=128.0, std=64.0)


@pytest.fixture(scope="module")
def dnn() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_dnn(mean=128.0, std=64.0)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 48, 48), dtype=np.uint8)


def layers_of_report(network: str) -> list[tuple[str, tuple[int, ...], int]]:
    """The report's table, one row per layer as in layer_table; pictures as (channels, height, width)."""
    return [
        (layer, row.output, parameters)
        for row in LAYERS[network]
        for layer, parameters in zip(row.layers, row.parameters, strict=True)
    ]


def test_cnn_layers_are_the_reports(cnn):
    in_report = [row for row in layer_table(cnn) if row[0].rsplit("_", 1)[0] not in ("activation", "faces")]
    assert [row for row in in_report if row[0] not in OURS] == layers_of_report("cnn")
    assert [layer.name for layer in cnn.layers if "activation" in layer.name] == [
        f"activation_{number}" for number in range(1, 11)
    ]


def test_cnn_counts_are_the_reports(cnn):
    assert cnn.count_params() == TOTALS["cnn"].total
    assert sum(np.prod(weight.shape) for weight in cnn.trainable_weights) == TOTALS["cnn"].trainable
    assert sum(np.prod(weight.shape) for weight in cnn.non_trainable_weights) == TOTALS["cnn"].non_trainable


def test_dnn_layers_are_the_reports(dnn):
    in_report = [row for row in layer_table(dnn) if row[0] not in ("faces", "normalization", "flatten_1")]
    assert in_report == layers_of_report("dnn")


def test_dnn_counts_are_the_reports(dnn):
    assert dnn.count_params() == TOTALS["dnn"].total
    assert sum(np.prod(weight.shape) for weight in dnn.trainable_weights) == TOTALS["dnn"].trainable
    assert sum(np.prod(weight.shape) for weight in dnn.non_trainable_weights) == TOTALS["dnn"].non_trainable


def literal_report_cnn() -> keras.Model:
    """The report's network as the report built it: channels_first, but for the pooling."""
    inputs = x = keras.Input((1, 48, 48))
    for filters in (32, 64, 128):
        for _ in range(3):
            x = layers.Conv2D(filters, 3, padding="same", data_format="channels_first")(x)
            x = layers.BatchNormalization(axis=1)(x)
            x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D(2, data_format="channels_last")(x)
    x = layers.Flatten()(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.Dense(1024)(x)))
    return keras.Model(inputs, layers.Dense(7)(layers.Dropout(0.5)(x)))


def test_cnn_equals_the_literal_channels_first_network(cnn, faces):
    literal = literal_report_cnn()
    # Random statistics, since fresh ones would hide a batch normalisation over the wrong axis.
    generator = np.random.default_rng(2)
    values = [
        value + generator.uniform(0.1, 0.5, value.shape) if value.ndim == 1 else value
        for value in cnn.get_weights()
    ]
    cnn.set_weights(values)
    flattened = next(i for i, value in enumerate(values) if value.shape == (18_432, 1024))
    # Ours flattens (height, width, channels), the report's (channels, height, width).
    kernel = values[flattened].reshape(6, 48, 64, 1024).transpose(2, 0, 1, 3).reshape(18_432, 1024)
    literal.set_weights([*values[:flattened], kernel, *values[flattened + 1 :]])

    # Without XLA TensorFlow has no channels_first convolution on a CPU.
    predict = tf.function(lambda x: literal(x, training=False), jit_compile=True)
    blurred = correlate1d(correlate1d(faces.astype(np.float32), BLUR, axis=1), BLUR, axis=2)
    normalised = ((blurred - 128.0) / 64.0)[:, np.newaxis]
    np.testing.assert_allclose(cnn(faces), predict(normalised), rtol=1e-3, atol=1e-3)
    assert np.ptp(np.asarray(cnn(faces)), axis=0).min() > 1e-2


def test_pooling_takes_the_maximum_over_channel_and_row_pairs():
    inputs = np.random.default_rng(3).normal(size=(2, 4, 3, 6)).astype(np.float32)
    expected = inputs.reshape(2, 2, 2, 3, 3, 2).max(axis=(2, 5))
    layer = ChannelHeightMaxPooling2D()
    np.testing.assert_array_equal(layer(inputs), expected)
    assert layer.compute_output_shape((None, 4, 3, 6)) == (None, 2, 3, 3)


def test_fused_batch_normalisation_is_keras_own():
    inputs = np.random.default_rng(4).normal(3.0, 2.0, (64, 12, 12, 8)).astype(np.float32)
    ours, keras_own = FusedBatchNormalization(momentum=0.9), layers.BatchNormalization(momentum=0.9)
    for training in (True, True, False):
        np.testing.assert_allclose(
            ours(inputs, training=training), keras_own(inputs, training=training), atol=2e-3
        )
    # The fused kernel takes the unbiased variance, which differs by a factor of 9216 / 9215 here.
    np.testing.assert_allclose(ours.moving_variance.numpy(), keras_own.moving_variance.numpy(), rtol=2e-4)
    ours.trainable = False
    before = ours.moving_mean.numpy()
    ours(inputs, training=True)
    np.testing.assert_array_equal(ours.moving_mean.numpy(), before)


def test_blur_is_that_of_bilinear_interpolation_and_outside_training_only():
    faces = np.random.default_rng(5).normal(size=(400, 12, 12)).astype(np.float32)
    layer = InterpolationBlur()
    expected = correlate1d(correlate1d(faces, BLUR, axis=1), BLUR, axis=2)
    np.testing.assert_allclose(layer(faces), expected, atol=1e-5)
    np.testing.assert_array_equal(layer(faces, training=True), faces)
    # The width of a point sampled at random fractions of a pixel: 1/6 on average, as that of the kernel.
    fractions = np.linspace(0, 1, 1001)
    assert np.mean(fractions * (1 - fractions)) == pytest.approx(2 / 12, rel=1e-2)
    assert np.dot(BLUR, [1, 0, 1]) == pytest.approx(2 / 12)


def test_normalisation_is_inside_and_counts_no_parameters(cnn):
    layer = cnn.get_layer("normalization")
    assert layer.count_params() == 0
    np.testing.assert_allclose(layer(np.full((1, 48, 48), 192, np.uint8)), 1.0, rtol=1e-6)


def test_outputs_are_logits(dnn, faces):
    totals = np.exp(np.asarray(dnn(faces), np.float64)).sum(axis=1)
    assert np.abs(totals - 1).min() > 1e-3
    assert dnn.layers[-1].activation is keras.activations.linear
