"""The networks against the report's own channels_first network; test_report.py has its layer tables."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from scipy.ndimage import correlate1d

from models import CONVOLUTIONAL, DENSE, NETWORKS, builder
from models.layers import ChannelHeightMaxPooling2D, FusedBatchNormalization, InterpolationBlur
from reporting.page import parameter_totals

BLUR = np.array([1, 10, 1]) / 12


@pytest.fixture(scope="module")
def networks() -> dict[str, keras.Model]:
    keras.utils.set_random_seed(1)
    return {name: builder(name)(mean=128.0, std=64.0) for name in NETWORKS}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 48, 48), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "total", "fixed"),
    # The moving means and variances are fixed: two for each map behind a batch normalisation.
    [
        ("cnn", 19_323_463, 2 * (3 * 32 + 3 * 64 + 3 * 128 + 1024)),
        ("dnn", 18_273_543, 2 * (1024 + 1024 + 512)),
        ("small", 1_048_455, 2 * 3 * (32 + 96 + 192)),
        ("compact", 1_762_695, 2 * 3 * (48 + 112 + 256)),
        ("medium", 3_496_615, 2 * (32 + 5 * (64 + 128 + 256))),
    ],
)
def test_parameters(networks, name, total, fixed):
    assert parameter_totals(networks[name]) == (total, total - fixed, fixed)
    assert networks[name].name == name
    assert (name in CONVOLUTIONAL) != (name in DENSE)


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


def test_cnn_equals_the_literal_channels_first_network(networks, images):
    cnn, literal = networks["cnn"], literal_report_cnn()
    # Random statistics, since fresh ones would hide a batch normalisation over the wrong axis.
    generator = np.random.default_rng(2)
    values = cnn.get_weights()
    values = [each + generator.uniform(0.1, 0.5, each.shape) if each.ndim == 1 else each for each in values]
    cnn.set_weights(values)
    flattened = next(i for i, value in enumerate(values) if value.shape == (18_432, 1024))
    # Ours flattens (height, width, channels), the report's (channels, height, width).
    kernel = values[flattened].reshape(6, 48, 64, 1024).transpose(2, 0, 1, 3).reshape(18_432, 1024)
    literal.set_weights([*values[:flattened], kernel, *values[flattened + 1 :]])

    # Without XLA TensorFlow has no channels_first convolution on a CPU.
    predict = tf.function(lambda x: literal(x, training=False), jit_compile=True)
    blurred = correlate1d(correlate1d(images.astype(np.float32), BLUR, axis=1), BLUR, axis=2)
    normalised = ((blurred - 128.0) / 64.0)[:, np.newaxis]
    np.testing.assert_allclose(cnn(images), predict(normalised), rtol=1e-3, atol=1e-3)
    assert np.ptp(np.asarray(cnn(images)), axis=0).min() > 1e-2


@pytest.mark.parametrize(("name", "blocks"), [("cnn", 3), ("dnn", 3), ("compact", 3), ("medium", 6)])
def test_dropout_has_the_rates_asked_for(name, blocks):
    network = builder(name)(128.0, 64.0, dropout=0.25, block_dropout=0.125)
    rates = {layer.name: layer.rate for layer in network.layers if isinstance(layer, layers.Dropout)}
    last = {"dropout_1": 0.25, "dropout_2": 0.25} if name == "dnn" else {"dropout_1": 0.25}
    assert rates == {f"block_dropout_{number + 1}": 0.125 for number in range(blocks)} | last


def test_pooling_takes_the_maximum_over_channel_and_row_pairs():
    inputs = np.random.default_rng(3).normal(size=(2, 4, 3, 6)).astype(np.float32)
    expected = inputs.reshape(2, 2, 2, 3, 3, 2).max(axis=(2, 5))
    layer = ChannelHeightMaxPooling2D()
    np.testing.assert_array_equal(layer(inputs), expected)
    assert layer(keras.Input((4, 3, 6))).shape == (None, 2, 3, 3)


def test_fused_batch_normalisation_is_keras_own():
    inputs = np.random.default_rng(4).normal(3.0, 2.0, (64, 12, 12, 8)).astype(np.float32)
    ours, keras_own = FusedBatchNormalization(momentum=0.9), layers.BatchNormalization(momentum=0.9)
    for training in (True, True, False):
        expected = keras_own(inputs, training=training)
        np.testing.assert_allclose(ours(inputs, training=training), expected, atol=2e-3)
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


@pytest.mark.parametrize("name", NETWORKS)
def test_faces_are_normalised_inside_and_outputs_are_logits(networks, images, name):
    layer = networks[name].get_layer("normalization")
    np.testing.assert_allclose(layer(np.array([[[128, 192]]], np.uint8)), [[[0.0, 1.0]]], atol=1e-6)
    assert networks[name].layers[-1].activation is keras.activations.linear
    assert networks[name](images).shape == (5, 7)
