"""Activation maximisation on small networks whose filters are known."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from numpy.lib.stride_tricks import sliding_window_view

from analysis.activation_maximisation import (
    Ascent,
    StrongestFaces,
    Units,
    filter_outputs,
    find_units,
    happy_face,
    like_an_average_face,
    maximise_activation,
    strongest_faces,
)
from analysis.figures.filters import draw_pictures
from data import CLASS_NAMES, USAGE_NAMES, InputError
from data.faces import Faces, read_faces
from data.splits import Hashes
from models import builder
from models.layers import convolution_block, normalization
from models.weights import Weights

# Detectors of dark-light-dark lines: row, column, two diagonals.
ROW = np.array([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]])
DIAGONAL = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])
KERNELS = np.array([ROW, ROW.T, DIAGONAL, DIAGONAL[::-1]]) / 4
HAPPY = CLASS_NAMES.index("happy")
LAYERS = ["conv2d_1", "conv2d_2", "dense_1", "dense_2"]


@pytest.fixture
def network() -> keras.Model:
    """Two convolutions with norm and ReLU and two dense layers; the first has KERNELS, then a dead filter."""
    keras.utils.set_random_seed(1)
    faces = keras.Input((48, 48), name="faces")
    x = layers.Reshape((48, 48, 1))(normalization(128, 64)(faces))
    x = convolution_block(convolution_block(x, len(KERNELS) + 1, 1), 6, 2)
    # Positive weights of positive features: none of these units is born dead.
    positive = keras.initializers.RandomUniform(0, 1, seed=1)
    dense = layers.Dense(5, activation="relu", kernel_initializer=positive, name="dense_1")
    x = dense(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(faces, layers.Dense(7, name="dense_2")(x), name="small")
    kernel = np.zeros((3, 3, 1, len(KERNELS) + 1))
    kernel[:, :, 0, :-1] = np.moveaxis(KERNELS, 0, -1)
    model.get_layer("conv2d_1").set_weights([kernel, np.append(np.zeros(len(KERNELS)), -1.0)])
    return model


@pytest.mark.parametrize("layer", LAYERS)
def test_ascent_raises_every_live_unit(network: keras.Model, layer: str) -> None:
    units = find_units(network, layer)
    noise, ascent = (maximise_activation(units, steps=steps, seed=1) for steps in (0, 20))
    count = network.get_layer(layer).output.shape[-1]
    assert len(units.names) == count
    assert ascent.images.shape == (count, 48, 48)
    assert (ascent.images == ascent.images.clip(0, 255)).all()
    # Of conv2d_1 the filter that never turns on.
    np.testing.assert_array_equal(np.flatnonzero(ascent.dead), [len(KERNELS)] if layer == "conv2d_1" else [])
    assert not ascent.activations[ascent.dead].any()
    assert (ascent.activations > noise.activations)[~ascent.dead].all()


def test_a_filter_that_is_off_at_first_is_turned_on(network: keras.Model) -> None:
    convolution = network.get_layer("conv2d_1")
    # No place in the noise reaches this threshold; one black and white line does.
    convolution.set_weights([convolution.get_weights()[0], np.full(len(KERNELS) + 1, -4.0)])
    units = find_units(network)
    assert not maximise_activation(units, steps=0, seed=1).activations.any()
    assert (maximise_activation(units, steps=60, seed=1).activations[:-1] > 0).all()


def best_patch_likeness(image: np.ndarray, kernel: np.ndarray) -> float:
    """The correlation of a kernel with the 3x3 patch to which it responds most."""
    patches = sliding_window_view(image, (3, 3)).reshape(-1, 9)
    best = patches[(patches @ kernel.ravel()).argmax()]
    return float(np.corrcoef(best, kernel.ravel())[0, 1])


def test_the_picture_of_a_first_filter_is_made_of_its_kernel(network: keras.Model) -> None:
    noise, ascent = (maximise_activation(find_units(network), steps=steps, seed=1) for steps in (0, 100))
    for start, image, kernel in zip(noise.images, ascent.images, KERNELS, strict=False):
        assert best_patch_likeness(start, kernel) < 0.92
        assert best_patch_likeness(image, kernel) > 0.97


@pytest.mark.parametrize("layer", LAYERS)
def test_activations_are_those_of_the_pictures(network: keras.Model, layer: str) -> None:
    ascent = maximise_activation(find_units(network, layer), steps=3, seed=2)
    after = layer.replace("conv2d", "activation")
    outputs = np.asarray(keras.Model(network.input, network.get_layer(after).output)(ascent.images))
    expected = outputs.mean(axis=(1, 2)) if outputs.ndim == 4 else outputs
    np.testing.assert_allclose(ascent.activations, np.diagonal(expected), rtol=1e-4)


def test_outputs_of_the_first_layer_are_a_convolution(network: keras.Model, drawn: Faces) -> None:
    face, units = drawn.images[0], find_units(network)
    patches = sliding_window_view(np.pad((face - 128.0) / 64, 1), (3, 3))
    # Untrained batch normalisation divides by the root of 1 + its epsilon.
    expected = np.maximum(np.einsum("ijkl,fkl->fij", patches, KERNELS), 0) / np.sqrt(1.001)
    np.testing.assert_allclose(filter_outputs(units, face)[:-1], expected, atol=1e-4)


@pytest.mark.parametrize(("name", "number"), [("compact", 8), ("compact", 9), ("medium", 16), ("cnn", 5)])
def test_outputs_are_those_after_sum_and_relu(drawn: Faces, name: str, number: int) -> None:
    network, face = builder(name)(128.0, 64.0), drawn.images[:1]
    output = network.get_layer(f"activation_{number}").output
    expected = np.moveaxis(np.asarray(keras.Model(network.input, output)(face))[0], -1, 0)[:64]
    units = find_units(network, f"conv2d_{number}")
    np.testing.assert_allclose(filter_outputs(units, face[0]), expected, rtol=1e-3, atol=1e-3)
    assert units.natural
    assert (units.total, len(units.names)) == (output.shape[-1], 64)


@pytest.mark.parametrize("name", ["conv2d_9", "activation_1", ""])
def test_an_unknown_layer_names_those_that_exist(network: keras.Model, name: str) -> None:
    with pytest.raises(InputError, match="conv2d_1, conv2d_2, dense_1, dense_2"):
        find_units(network, name)


def test_the_default_is_the_first_convolution_or_the_classes() -> None:
    compact, dnn = (find_units(builder(name)(128.0, 64.0)) for name in ("compact", "dnn"))
    assert (compact.layer, compact.kind, compact.natural) == ("conv2d_1", "filter", False)
    assert compact.names == [str(number) for number in range(48)]
    assert (dnn.layer, dnn.kind, dnn.natural) == ("dense_11", "class", True)
    assert dnn.names == CLASS_NAMES


@pytest.fixture
def light_and_dark() -> keras.Model:
    """One convolution, whose first filter sees light and whose second sees the dark; neither sees grey."""
    faces = keras.Input((48, 48), name="faces")
    x = layers.Conv2D(2, 3, padding="same", name="conv2d_1")(layers.Reshape((48, 48, 1))(faces))
    model = keras.Model(faces, layers.ReLU(name="activation_1")(x))
    kernel = np.full((3, 3, 1, 2), 1 / 9) * [1, -1]
    model.get_layer("conv2d_1").set_weights([kernel, np.array([-180.0, 60.0])])
    return model


def test_no_plain_face_activates_a_filter_more_than_its_picture(light_and_dark: keras.Model) -> None:
    units = find_units(light_and_dark, constrained=False)
    ascent = maximise_activation(units, steps=200, seed=1)
    plain = np.arange(0, 256, 5, np.uint8)[:, np.newaxis, np.newaxis] + np.zeros((48, 48), np.uint8)
    best = strongest_faces(units, Faces(plain), 1).activations[:, 0]
    assert (ascent.activations >= 0.99 * best).all()
    assert not ascent.dead.any()


def test_the_strongest_faces(light_and_dark: keras.Model) -> None:
    images = np.full((3, 48, 48), 128, np.uint8)
    images[1, 10:13, 20:23] = 255
    images[2, 30:33, 5:8] = 0
    images[0, 0:6, 0:3] = 240
    found = strongest_faces(find_units(light_and_dark, constrained=False), Faces(images), 2)
    assert found.indices.tolist() == [[0, 1], [2, 1]]
    # Of 3x3 places, 9 or 6 or 4 pixels are bright, at one place or four or four.
    light = 75 + 4 * (127 * 6 / 9 - 52) + 4 * (127 * 4 / 9 - 52)
    np.testing.assert_allclose(found.activations[0, 1], light / 48**2, rtol=1e-4)


def one_convolution(kernel: np.ndarray, bias: list[float]) -> Units:
    """The filters of a network of one convolution without padding and a ReLU."""
    faces = keras.Input((48, 48))
    x = layers.Conv2D(len(bias), kernel.shape[:2], name="conv2d_1")(layers.Reshape((48, 48, 1))(faces))
    model = keras.Model(faces, layers.ReLU()(x))
    model.get_layer("conv2d_1").set_weights([kernel[:, :, np.newaxis], np.array(bias)])
    return find_units(model)


def test_the_best_picture_of_a_linear_filter_is_its_kernel_at_the_contrast_of_a_face() -> None:
    across, down = np.meshgrid(np.arange(48), np.arange(48))
    kernels = np.stack([np.sin(np.pi * across / 6), np.sin(np.pi * (across + down) / 8) + 0.5], axis=-1)
    ascent = maximise_activation(one_convolution(kernels / 48**2, [0, 0]), steps=60, seed=1)
    expected = 129 + 54 * np.moveaxis((kernels - kernels.mean((0, 1))) / kernels.std((0, 1)), -1, 0)
    np.testing.assert_allclose(ascent.images, expected, atol=3)
    # Deviation times deviation, and mean times mean.
    np.testing.assert_allclose(ascent.activations, 54 / np.sqrt(2) + np.array([0, 129 * 0.5]), rtol=1e-3)


def test_filters_that_answer_to_light_are_marked() -> None:
    light = np.full((3, 3), 1 / 9)
    units = one_convolution(np.stack([light, -light, ROW], axis=-1), [-129, 129, 0])
    ascent = maximise_activation(units, steps=100, seed=1)
    assert ascent.tones.tolist() == ["light", "dark", ""]
    np.testing.assert_allclose(ascent.plain, [[0, 54, 0], [54, 0, 0]], atol=1e-3)
    # Of a picture of two grey levels, 75 and 183, half is as light as the plain one; its border counts less.
    np.testing.assert_allclose(ascent.activations[:2], 27, atol=1)
    assert not ascent.dead.any()


def test_faces_are_compared_at_one_mean_and_contrast(drawn: Faces) -> None:
    plain, faces = np.full((1, 48, 48), 7, np.uint8), drawn.images[:3]
    alike = like_an_average_face(np.concatenate([faces, faces // 2 + 90, plain]))
    np.testing.assert_allclose(np.mean(alike, (1, 2)), 129, atol=3)
    np.testing.assert_allclose(np.std(alike[:-1], (1, 2)), 54, atol=4)
    np.testing.assert_allclose(alike[:3], alike[3:6], atol=4)
    np.testing.assert_array_equal(alike[-1], np.full((48, 48), 129))
    found = strongest_faces(one_convolution(np.full((3, 3, 1), 1 / 9), [-129]), Faces(plain), 1)
    np.testing.assert_array_equal(found.faces.images, alike[-1:])
    assert found.activations[0, 0] == pytest.approx(0, abs=1e-3)


class BrightestIsHappiest:
    """A network that is the surer of happy the brighter the face, but takes the brightest one for sad."""

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        light = images.mean(axis=(1, 2), keepdims=True)[:, 0] / 255
        logits = np.where(np.eye(7)[HAPPY], light, 0)
        logits[light.argmax()] = np.eye(7)[HAPPY] * 5 + np.eye(7)[CLASS_NAMES.index("sad")] * 5.1
        return logits


def test_the_happy_face_is_held_out_and_right(csvs: Path) -> None:
    faces = read_faces(csvs / "fer2013.csv")
    happy = np.flatnonzero((faces.labels == HAPPY) & (faces.usage == USAGE_NAMES.index("PublicTest")))
    brightest = happy[np.argsort(-faces.images[happy].mean(axis=(1, 2)))]
    for first in (0, 1):
        weights = Weights(Path("w.weights.h5"), {}, Hashes.of(faces.images[brightest[:first]]))
        face = happy_face(BrightestIsHappiest(), weights, faces.select(faces.labels == HAPPY))
        assert face.rows.tolist() == [brightest[first + 1]]
    unlabelled = Faces(faces.images[:3])
    face = happy_face(BrightestIsHappiest(), weights, unlabelled)
    assert face.rows.tolist() == [unlabelled.images.mean(axis=(1, 2)).argsort()[1]]


def test_a_figure_tells_which_pictures_are_dead_or_beaten(light_and_dark: keras.Model) -> None:
    units = find_units(light_and_dark)
    images, faces = np.full((2, 48, 48), 100, np.float32), Faces(np.zeros((9, 48, 48), np.uint8))
    found = StrongestFaces(faces, np.zeros((2, 1), int), np.array([[0.0], [0.25]]))
    plain, dead = np.array([[0.0, 0.2], [0.0, 0.1]]), np.array([True, False])
    ascent = Ascent(images, np.array([0.0, 0.125]), plain, dead)
    for some, label, beaten in (
        (found, "0.125 (face 0.25) dark", "9 faces: 1"),
        (None, "0.125 dark", "picture"),
    ):
        figure = draw_pictures(units, "small", ascent, some)
        assert [ax.get_title(loc="left") for ax in figure.axes] == ["0   dead", f"1   {label}"]
        first, last = figure.texts[0].get_text().split("\nall at the mean and contrast of an average face")
        assert first.endswith(beaten)
        assert last == "; dark, light: plain grey of 75, 183 activates it more"
