"""Attribution maps against what is known: linear networks by hand, finite differences, PAIR's library."""

import importlib.metadata
import importlib.util
import sys
from types import ModuleType

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from analysis.attribution import (
    METHODS,
    explain,
    gradcam,
    gradcam_layer,
    gradients,
    grey_baseline,
    integrated_gradients,
    lime,
    occlusion,
    saliency_maps,
    smoothgrad,
    superpixels,
    surest_faces,
)
from data import IMAGE_SIZE, NUM_CLASSES, InputError
from data.faces import Faces
from models import builder
from models.weights import find_weights, load_network

# What Grad-CAM looks at, named here by hand: the output of the last block, after its residual sum and ReLU.
LAST_ACTIVATION = {"cnn": "activation_9", "compact": "activation_9", "medium": "activation_16"}


@pytest.fixture(scope="module")
def faces(drawn) -> tuple[np.ndarray, np.ndarray]:
    """One drawn face of each class, and the classes whose logits are explained."""
    order = np.unique(drawn.labels, return_index=True)[1]
    return drawn.images[order], drawn.labels[order]


@pytest.fixture(scope="module")
def compact() -> keras.Model:
    return load_network(find_weights("compact"))


@pytest.fixture(scope="module")
def linear() -> tuple[keras.Model, np.ndarray]:
    """Logits that are weighted sums of the grey levels, and the (7, 48, 48) weights."""
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    network = keras.Model(inputs, layers.Dense(NUM_CLASSES)(layers.Flatten()(inputs)))
    weights = np.random.default_rng(3).standard_normal((NUM_CLASSES, IMAGE_SIZE, IMAGE_SIZE), np.float32)
    network.set_weights([weights.reshape(NUM_CLASSES, -1).T, np.zeros(NUM_CLASSES)])
    return network, weights


def seven_logits(inputs, maps, pooling: layers.Layer, weight: float = 1.0) -> keras.Model:
    """A network whose logits all are the sum of what `pooling` gives."""
    network = keras.Model(inputs, layers.Dense(NUM_CLASSES)(pooling(maps)))
    network.layers[-1].set_weights([np.full(network.layers[-1].kernel.shape, weight), np.zeros(NUM_CLASSES)])
    return network


@pytest.mark.parametrize("method", ["gradient", "smoothgrad"])
def test_map_of_a_linear_network_is_its_weights(linear, faces, method) -> None:
    network, weights = linear
    maps = saliency_maps(network, [method], *faces, seed=1)[method]
    np.testing.assert_allclose(maps, np.abs(weights[faces[1]]), rtol=1e-5, atol=1e-6)


def test_integrated_gradients_of_a_linear_network_are_weights_times_contrast(linear, faces) -> None:
    network, weights = linear
    images, classes = faces
    expected = weights[classes] * (images - images.mean(axis=(1, 2), keepdims=True))
    np.testing.assert_allclose(integrated_gradients(network, *faces), expected, rtol=1e-4, atol=1e-3)


def test_occlusion_of_a_linear_network_is_the_contrast_that_squares_hide(linear, faces) -> None:
    network, weights = linear
    images, classes = faces
    evidence = weights[classes] * (images - images.mean(axis=(1, 2), keepdims=True))
    maps = occlusion(network, *faces)
    # Pixel (21, 30) is covered by the squares from 16 and 20 down, and from 24 and 28 across.
    expected = [evidence[:, y : y + 8, x : x + 8].sum(axis=(1, 2)) for y in (16, 20) for x in (24, 28)]
    np.testing.assert_allclose(maps[:, 21, 30], np.mean(expected, axis=0), rtol=1e-3, atol=1e-2)
    # At the corner, one of the four squares lies within.
    np.testing.assert_allclose(
        maps[:, 0, 0],
        np.mean([evidence[:, :y, :x].sum(axis=(1, 2)) for y in (4, 8) for x in (4, 8)], axis=0),
        rtol=1e-3,
        atol=1e-2,
    )


@pytest.mark.parametrize("is_installed", [True, False])
def test_lime_of_a_linear_network_is_the_contrast_of_each_part(
    linear, faces, monkeypatch, is_installed
) -> None:
    network, weights = linear
    if not is_installed:
        monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    for image, index, values in zip(*faces, lime(network, *faces, seed=1), strict=True):
        parts = superpixels(image)
        contrast = (weights[index] * (image - image.mean())).ravel()
        expected = np.bincount(parts.ravel(), contrast)[parts]
        assert 20 < parts.max() < 64
        assert is_installed or np.bincount(parts.ravel()).tolist() == [64] * 36
        # The ridge draws all weights a little towards zero.
        assert np.corrcoef(values.ravel(), expected.ravel())[0, 1] > 0.99
        assert np.ptp(values) == pytest.approx(np.ptp(expected), rel=0.1)


@pytest.fixture(scope="module")
def curved() -> keras.Model:
    """A network whose logits are smooth functions of the grey levels, and no weighted sums."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    hidden = layers.Dense(20, activation="tanh")(layers.Flatten()(layers.Rescaling(1 / 64, -2)(inputs)))
    return keras.Model(inputs, layers.Dense(NUM_CLASSES)(hidden))


def test_gradients_equal_finite_differences(curved, faces) -> None:
    images, classes = faces[0].astype(np.float32), faces[1]
    slopes, generator = gradients(curved, images, classes), np.random.default_rng(4)
    for _ in range(10):
        direction = 0.05 * generator.standard_normal(images.shape, np.float32)
        ahead, behind = (curved.predict_on_batch(images + sign * direction) for sign in (1, -1))
        difference = (ahead - behind)[np.arange(len(images)), classes] / 2
        np.testing.assert_allclose((slopes * direction).sum(axis=(1, 2)), difference, rtol=0.01, atol=1e-4)


def test_integrated_gradients_sum_to_the_difference_of_logits(curved, faces) -> None:
    images, classes = faces
    baseline = np.broadcast_to(grey_baseline(images), images.shape)
    difference = curved.predict_on_batch(images) - curved.predict_on_batch(baseline)
    expected = difference[np.arange(len(images)), classes]
    sums = integrated_gradients(curved, images, classes).sum(axis=(1, 2))
    np.testing.assert_allclose(sums, expected, rtol=1e-3, atol=1e-4)


def test_a_map_is_the_same_in_any_batch_and_follows_the_weights(compact, drawn) -> None:
    together = gradients(compact, drawn.images, drawn.labels)
    alone = gradients(compact, drawn.images[66:67], drawn.labels[66:67])
    np.testing.assert_allclose(together[66:67], alone, rtol=1e-3, atol=1e-5)
    weights = compact.get_weights()
    compact.set_weights([*weights[:-2], 2 * weights[-2], weights[-1]])
    doubled = gradients(compact, drawn.images[66:67], drawn.labels[66:67])
    compact.set_weights(weights)
    np.testing.assert_allclose(doubled, 2 * alone, rtol=1e-3, atol=1e-5)


def test_smoothgrad_repeats_with_its_seed(compact, faces) -> None:
    first, again, other = (smoothgrad(compact, *faces, seed=seed, samples=8) for seed in (1, 1, 2))
    np.testing.assert_allclose(first, again, rtol=1e-4, atol=1e-6)
    assert np.abs(first - other).max() > 0.01 * np.abs(first).max()


def test_flat_faces_and_dead_networks_give_empty_maps() -> None:
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    x = layers.ReLU()(layers.Conv2D(2, 3)(layers.Reshape((IMAGE_SIZE, IMAGE_SIZE, 1))(inputs)))
    network = seven_logits(inputs, x, layers.Flatten(), weight=0)
    black = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    maps = saliency_maps(network, ["all"], black, np.array([0, 6]), seed=1)
    assert list(maps) == list(METHODS)
    for values in maps.values():
        np.testing.assert_array_equal(values, black)


def test_gradcam_is_where_the_only_evidence_is() -> None:
    """One filter finds bright pixels, on a coarse grid, and the logits count them."""
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    x = layers.Reshape((IMAGE_SIZE, IMAGE_SIZE, 1))(inputs)
    convolution = layers.Conv2D(1, 4, strides=4, bias_initializer=keras.initializers.Constant(-100))
    network = seven_logits(inputs, layers.ReLU()(convolution(x)), layers.GlobalAveragePooling2D())
    convolution.set_weights([np.full((4, 4, 1, 1), 1 / 16), np.full(1, -100.0)])
    face = np.zeros((1, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    face[0, 8:20, 28:40] = 200
    # The ReLU gives 100 at 3 x 3 of 12 x 12 places; the logits rise by 1 / 144 of each.
    coarse = np.zeros((12, 12, 1), np.float32)
    coarse[2:5, 7:10] = 100 / 144
    expected = tf.image.resize(coarse, (IMAGE_SIZE, IMAGE_SIZE))[..., 0]
    np.testing.assert_allclose(gradcam(network, face, np.array([3]))[0], expected, rtol=1e-5, atol=1e-6)


def test_gradcam_takes_the_sum_of_a_residual_block_not_its_branch() -> None:
    """Where only the carried input sees the evidence, a map of the branch would be empty."""
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    x = layers.Reshape((IMAGE_SIZE, IMAGE_SIZE, 1))(inputs)
    branch = layers.Conv2D(1, 1, kernel_initializer="zeros")(x)
    network = seven_logits(inputs, layers.ReLU()(layers.Add()([x, branch])), layers.GlobalAveragePooling2D())
    face = np.zeros((1, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    face[0, 10:20, 30:40] = 200
    np.testing.assert_allclose(gradcam(network, face, np.array([3])), face / IMAGE_SIZE**2, rtol=1e-5)


@pytest.mark.parametrize("name", LAST_ACTIVATION)
def test_gradcam_looks_at_the_last_block(name) -> None:
    assert gradcam_layer(builder(name)(128.0, 64.0)).name == LAST_ACTIVATION[name]


def test_a_dense_network_has_no_gradcam(faces) -> None:
    dense = builder("dnn")(128.0, 64.0)
    assert gradcam_layer(dense) is None
    with pytest.raises(InputError, match="dnn has no convolution"):
        saliency_maps(dense, ["gradcam"], *faces, seed=1)
    assert "gradcam" not in saliency_maps(dense, ["all"], *(values[:1] for values in faces), seed=1, views=2)


def test_the_surest_right_face_of_each_class_or_a_wrong_one() -> None:
    labels = np.array([0, 0, 0, 1, 1, 6])
    probabilities = np.full((6, NUM_CLASSES), 0.01)
    guesses = [(0, 0.6), (0, 0.9), (3, 0.95), (2, 0.5), (4, 0.7), (6, 0.4)]
    for row, (predicted, confidence) in enumerate(guesses):
        probabilities[row, predicted] = confidence
    faces = Faces(np.zeros((6, IMAGE_SIZE, IMAGE_SIZE)), labels, rows=np.arange(6) + 10)
    table = explain(faces, probabilities, "predicted")
    assert surest_faces(table, 1)["row"].tolist() == [11, 14, 15]
    assert surest_faces(table, 5)["row"].tolist() == [11, 10, 14, 15]
    assert table["explained"].tolist() == ["angry", "angry", "happy", "fear", "sad", "neutral"]
    of_true = explain(faces, probabilities, "true")["explained"]
    assert of_true.tolist() == ["angry"] * 3 + ["disgust"] * 2 + ["neutral"]
    unlabelled = explain(Faces(faces.images), probabilities, "sad").to_dict("records")[1]
    assert (unlabelled["row"], unlabelled["true"], unlabelled["explained"]) == (1, None, "sad")


@pytest.fixture(scope="module")
def pair() -> ModuleType:
    """PAIR's `saliency.core`, under another name, because `saliency` is a script of this suite."""
    folder = importlib.metadata.distribution("saliency").locate_file("saliency/core")
    spec = importlib.util.spec_from_file_location(
        "pair_saliency", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = sys.modules["pair_saliency"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cnn", "compact"])
def test_maps_equal_those_of_an_independent_library(pair, faces, name) -> None:
    """Maps of shipped networks, whose gradients PAIR's methods get from TensorFlow without this suite."""
    network = load_network(find_weights(name))
    both = keras.Model(network.inputs, [network.get_layer(LAST_ACTIVATION[name]).output, *network.outputs])

    def call_model(batch, call_model_args, expected_keys):
        inputs = tf.constant(batch, tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            values, logits = both(inputs, training=False)
            logit = logits[:, call_model_args]
        if pair.INPUT_OUTPUT_GRADIENTS in expected_keys:
            return {pair.INPUT_OUTPUT_GRADIENTS: tape.gradient(logit, inputs)}
        slopes = tape.gradient(logit, values)
        return {pair.CONVOLUTION_LAYER_VALUES: values, pair.CONVOLUTION_OUTPUT_GRADIENTS: slopes}

    images = faces[0][::3].astype(np.float32)
    classes = network.predict_on_batch(images).argmax(axis=1)
    ours = {"gradient": gradients(network, images, classes), "gradcam": gradcam(network, images, classes)}
    # Of one face, because each takes hundreds of gradients.
    ours["integrated"] = integrated_gradients(network, images[:1], classes[:1], steps=128)
    for number, (image, class_index) in enumerate(zip(images, classes, strict=True)):
        call = (image, call_model, class_index)
        coarse = pair.GradCam().GetMask(*call, three_dims=False, should_resize=False)
        theirs = {
            "gradient": pair.GradientSaliency().GetMask(*call),
            # Not its own enlargement, which extrapolates: a 6x6 map would get another border.
            "gradcam": tf.image.resize(coarse[..., None], image.shape).numpy()[..., 0],
        }
        if number == 0:
            path = {"x_baseline": np.full_like(image, image.mean()), "x_steps": 128, "batch_size": 64}
            theirs["integrated"] = pair.IntegratedGradients().GetMask(*call, **path)
        for method, mask in theirs.items():
            map_ = ours[method][number]
            assert map_.any() == mask.any(), method
            # PAIR scales its maps.
            assert not mask.any() or np.corrcoef(map_.ravel(), mask.ravel())[0, 1] > 0.9995, method
    assert ours["gradcam"].any(axis=(1, 2)).mean() > 0.5, "so many empty maps would compare nothing"
