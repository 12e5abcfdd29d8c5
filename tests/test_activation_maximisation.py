"""Activation maximisation on small networks whose filters are known."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from analysis.activation_maximisation import (
    PRESETS,
    filter_outputs,
    find_layer,
    first_kernels,
    maximise_activation,
)
from analysis.filter_examples import strongest_faces
from analysis.held_out import happy_rows
from data.dataset import CLASS_NAMES, USAGE_NAMES, Dataset
from data.errors import InputError
from data.splits import image_hashes
from models.compact import build_compact
from models.layers import convolution_block, normalization
from models.weights_file import WeightsFile

# Detectors of dark-light-dark lines: row, column, two diagonals.
ROW = np.array([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]])
DIAGONAL = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])
KERNELS = np.array([ROW, ROW.T, DIAGONAL, DIAGONAL[::-1]]) / 4


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """Two convolutions with norm and ReLU and a dense layer; the first has KERNELS, then a dead filter."""
    keras.utils.set_random_seed(1)
    faces = keras.Input((48, 48), name="faces")
    x = layers.Reshape((48, 48, 1))(normalization(128, 64)(faces))
    x = convolution_block(convolution_block(x, len(KERNELS) + 1, 1), 6, 2)
    # Positive weights of positive features: none of these units is born dead.
    positive = layers.Dense(
        5,
        activation="relu",
        kernel_initializer=keras.initializers.RandomUniform(0, 1, seed=1),
        name="dense_1",
    )
    x = positive(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(faces, layers.Dense(7, name="dense_2")(x))
    kernel = np.zeros((3, 3, 1, len(KERNELS) + 1))
    kernel[:, :, 0, :-1] = np.moveaxis(KERNELS, 0, -1)
    bias = np.append(np.zeros(len(KERNELS)), -1.0)
    model.get_layer("conv2d_1").set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("layer", ["conv2d_1", "conv2d_2", "dense_1", "dense_2"])
def test_ascent_raises_every_live_filter(network: keras.Model, layer: str, preset: str) -> None:
    ascent = maximise_activation(network, layer, PRESETS[preset], steps=20, seed=1)
    filters = network.get_layer(layer).output.shape[-1]
    assert ascent.images.shape == (filters, 48, 48)
    assert ascent.curves.shape == (filters, 21)
    assert ascent.images.min() >= 0
    assert ascent.images.max() <= 255
    live = ~ascent.dead
    assert live.sum() >= filters - 1
    assert (ascent.curves[live, -1] > ascent.curves[live, 0]).all()


def test_a_filter_that_never_turns_on_is_dead(network: keras.Model) -> None:
    ascent = maximise_activation(network, "conv2d_1", PRESETS["plain"], steps=5, seed=1)
    np.testing.assert_array_equal(ascent.dead, [False] * len(KERNELS) + [True])
    assert not ascent.curves[-1].any()


def test_a_filter_that_is_off_at_first_is_turned_on(network: keras.Model) -> None:
    convolution = network.get_layer("conv2d_1")
    weights = convolution.get_weights()
    # The noise of +-10 grey levels cannot reach this threshold; a picture of edges can.
    convolution.set_weights([weights[0], np.full(len(KERNELS) + 1, -1.0)])
    ascent = maximise_activation(network, "conv2d_1", PRESETS["plain"], steps=60, seed=1)
    convolution.set_weights(weights)
    assert not ascent.curves[0, 0]
    assert ascent.curves[0, -1] > 0


def best_patch_likeness(image: np.ndarray, kernel: np.ndarray) -> float:
    """The correlation of a kernel with the 3x3 patch to which it responds most."""
    patches = np.lib.stride_tricks.sliding_window_view(image, (3, 3)).reshape(-1, 9)
    best = patches[(patches @ kernel.ravel()).argmax()]
    return float(np.corrcoef(best, kernel.ravel())[0, 1])


@pytest.mark.parametrize("preset", PRESETS)
def test_the_maximising_patch_is_the_kernel(network: keras.Model, preset: str) -> None:
    images = maximise_activation(network, "conv2d_1", PRESETS[preset], steps=100, seed=1).images
    noise = maximise_activation(network, "conv2d_1", PRESETS[preset], steps=0, seed=1).images
    for image, start, kernel in zip(images, noise, KERNELS, strict=False):
        assert best_patch_likeness(start, kernel) < 0.9
        assert best_patch_likeness(image, kernel) > 0.95


def test_the_curve_is_the_activation_of_the_images(network: keras.Model) -> None:
    ascent = maximise_activation(network, "conv2d_2", PRESETS["natural"], steps=3, seed=2)
    outputs = keras.Model(network.input, network.get_layer("activation_2").output)(ascent.images)
    expected = np.diagonal(np.mean(outputs, axis=(1, 2)))
    np.testing.assert_allclose(ascent.curves[:, -1], expected, rtol=1e-4)


def test_a_seed_repeats_to_the_bit_and_another_does_not(network: keras.Model) -> None:
    first, same, other = (
        maximise_activation(network, "conv2d_2", PRESETS["smooth"], steps=5, seed=seed) for seed in (1, 1, 2)
    )
    assert first.images.tobytes() == same.images.tobytes()
    assert first.curves.tobytes() == same.curves.tobytes()
    assert first.images.tobytes() != other.images.tobytes()


def test_many_filters_are_ascended_in_batches(network: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = maximise_activation(network, "conv2d_2", PRESETS["smooth"], steps=4, seed=1)
    monkeypatch.setattr("analysis.activation_maximisation.IMAGES_PER_BATCH", 4)
    calls: list[tuple[str, int, int]] = []
    parts = maximise_activation(
        network, "conv2d_2", PRESETS["smooth"], 4, 1, lambda *call: calls.append(call)
    )
    np.testing.assert_allclose(parts.images, whole.images, atol=0.5)
    assert calls == [("ascending steps", done, 16) for done in range(17)]


def test_outputs_are_those_of_the_activation_layer(network: keras.Model) -> None:
    face = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    expected = keras.Model(network.input, network.get_layer("activation_2").output)(face[np.newaxis])[0]
    outputs = filter_outputs(network, "conv2d_2", face)
    np.testing.assert_allclose(outputs, np.moveaxis(np.asarray(expected), -1, 0), atol=1e-5)


def test_outputs_of_a_residual_block_are_those_after_its_sum() -> None:
    compact = build_compact(128.0, 64.0)
    face = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    for convolution, activation in (("conv2d_8", "activation_8"), ("conv2d_9", "activation_9")):
        expected = keras.Model(compact.input, compact.get_layer(activation).output)(face[np.newaxis])[0]
        outputs = filter_outputs(compact, convolution, face)
        np.testing.assert_allclose(outputs, np.moveaxis(np.asarray(expected), -1, 0), atol=1e-5)


def test_kernels_are_those_of_the_first_layer_alone(network: keras.Model) -> None:
    kernels = first_kernels(network.get_layer("conv2d_1"))
    assert kernels is not None
    np.testing.assert_allclose(kernels[:-1], KERNELS)
    assert first_kernels(network.get_layer("conv2d_2")) is None
    assert first_kernels(network.get_layer("dense_1")) is None


@pytest.mark.parametrize("name", ["conv2d_9", "activation_1", ""])
def test_an_unknown_layer_names_those_that_exist(network: keras.Model, name: str) -> None:
    with pytest.raises(InputError, match="conv2d_1, conv2d_2, dense_1, dense_2"):
        find_layer(network, name)


def having_seen(hashes: np.ndarray) -> WeightsFile:
    """Weights that were fitted to images of these hashes."""
    return WeightsFile(Path("cnn.weights.h5"), {"network": "cnn"}, hashes)


def test_the_happy_face_is_a_public_test_face_not_trained_on() -> None:
    images = np.arange(6, dtype=np.uint8)[:, np.newaxis, np.newaxis].repeat(48, 1).repeat(48, 2)
    happy, sad = CLASS_NAMES.index("happy"), CLASS_NAMES.index("sad")
    labels = np.array([happy, happy, happy, happy, sad, sad])
    usage = np.full(6, USAGE_NAMES.index("PublicTest"), np.uint8)
    usage[0] = USAGE_NAMES.index("Training")
    hashes = image_hashes(images)
    faces = Dataset(images, labels, usage)
    assert happy_rows(faces, having_seen(hashes[:2])).tolist() == [2, 3]
    # A condition that no row meets is ignored.
    assert happy_rows(faces, having_seen(hashes)).tolist() == [1, 2, 3]
    assert happy_rows(Dataset(images), having_seen(hashes[:2])).tolist() == [2, 3, 4, 5]
    assert happy_rows(faces.select(np.array([4, 5])), having_seen(hashes[:0])).tolist() == [0, 1]


@pytest.fixture(scope="module")
def light_and_dark() -> keras.Model:
    """One convolution, whose first filter sees light and whose second sees the dark."""
    faces = keras.Input((48, 48), name="faces")
    x = layers.Conv2D(2, 3, padding="same", name="conv2d_1")(layers.Reshape((48, 48, 1))(faces))
    model = keras.Model(faces, layers.ReLU(name="activation_1")(x))
    kernel = np.full((3, 3, 1, 2), 1 / 9)
    kernel[..., 1] *= -1
    # Each is off in a grey picture.
    model.get_layer("conv2d_1").set_weights([kernel, np.array([-180.0, 60.0])])
    return model


def test_no_plain_face_activates_a_filter_more_than_its_picture(light_and_dark: keras.Model) -> None:
    ascent = maximise_activation(light_and_dark, "conv2d_1", PRESETS["plain"], steps=200, seed=1)
    plain = np.arange(0, 256, 5, np.uint8)[:, np.newaxis, np.newaxis] + np.zeros((48, 48), np.uint8)
    best = strongest_faces(light_and_dark, "conv2d_1", plain, 1)
    assert (ascent.curves[:, -1] >= 0.99 * best.activations[:, 0]).all()
    assert not ascent.dead.any()


def test_the_strongest_faces_and_where_they_activate_the_filter(light_and_dark: keras.Model) -> None:
    faces = np.full((3, 48, 48), 128, np.uint8)
    faces[1, 10:13, 20:23] = 255
    faces[2, 30:33, 5:8] = 0
    faces[0, 0:6, 0:3] = 240
    found = strongest_faces(light_and_dark, "conv2d_1", faces, 2)
    assert found.faces[:, 0].tolist() == [0, 2]
    assert found.faces[0, 1] == 1
    assert found.places is not None
    assert found.places[0, 1].tolist() == [11, 21]
    assert found.places[1, 0].tolist() == [31, 6]
    assert (np.diff(found.activations, axis=1) <= 0).all()
