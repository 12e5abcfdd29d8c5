"""Saliency maps of the shipped networks against an independent implementation, PAIR's library `saliency`.

The library is optional, see requirements-optional.txt. Both get the same networks, drawn faces and classes.
"""

import importlib.metadata
import importlib.util
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from analysis.attribution import gradcam, grey_baseline, integrated_gradients, logit_gradients
from drawing.faces import draw_faces
from models.locate import find_weights
from models.weights_file import load_network

# What Grad-CAM explains, named here by hand: the output of the last block, after its residual sum and ReLU.
LAST_ACTIVATION = "activation_9"
INTEGRATION_STEPS = 128
# To three digits.
ONE = 0.9995


@pytest.fixture(scope="module")
def pair():
    """PAIR's `saliency.core`, under another name, because `saliency` is a script of this suite."""
    try:
        library = importlib.metadata.distribution("saliency")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("PAIR's saliency is not installed; pip install -r requirements-optional.txt")
    name, folder = "pair_saliency", library.locate_file("saliency/core")
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module", params=["cnn", "compact"])
def network(request, pair) -> keras.Model:
    return load_network(find_weights(request.param))


@pytest.fixture(scope="module")
def explained(network) -> tuple[np.ndarray, np.ndarray]:
    """One drawn face of each class, and what the network takes it for."""
    drawn = draw_faces(70, seed=7)
    faces = drawn.images[np.unique(drawn.labels, return_index=True)[1]].astype(np.float32)
    return faces, network(faces, training=False).numpy().argmax(axis=1)


@pytest.fixture(scope="module")
def call_model(network, pair):
    """What PAIR's methods ask for: gradients by TensorFlow, without this suite's attribution."""
    both = keras.Model(network.inputs, [network.get_layer(LAST_ACTIVATION).output, *network.outputs])

    def call(batch, call_model_args, expected_keys):
        inputs = tf.constant(batch, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            values, logits = both(inputs, training=False)
            logit = logits[:, call_model_args]
        if pair.INPUT_OUTPUT_GRADIENTS in expected_keys:
            return {pair.INPUT_OUTPUT_GRADIENTS: tape.gradient(logit, inputs)}
        gradients = tape.gradient(logit, values)
        return {pair.CONVOLUTION_LAYER_VALUES: values, pair.CONVOLUTION_OUTPUT_GRADIENTS: gradients}

    return call


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def test_gradients(pair, explained, network, call_model) -> None:
    maps = logit_gradients(network)(*explained)
    for map_, face, class_index in zip(maps, *explained, strict=True):
        mask = pair.GradientSaliency().GetMask(face, call_model, class_index)
        assert correlation(map_, mask) > ONE


def test_integrated_gradients(pair, explained, network, call_model) -> None:
    # Each takes hundreds of gradients.
    faces, classes = (values[::3] for values in explained)
    maps = integrated_gradients(network, INTEGRATION_STEPS)(faces, classes)
    for map_, face, class_index in zip(maps, faces, classes, strict=True):
        mask = pair.IntegratedGradients().GetMask(
            face,
            call_model,
            class_index,
            x_baseline=grey_baseline(face),
            x_steps=INTEGRATION_STEPS,
            batch_size=64,
        )
        assert correlation(map_, mask) > ONE


def test_gradcam(pair, explained, network, call_model) -> None:
    maps = gradcam(network)(*explained)
    empty = 0
    for map_, face, class_index in zip(maps, *explained, strict=True):
        mask = pair.GradCam().GetMask(face, call_model, class_index, three_dims=False, should_resize=False)
        # PAIR's own enlargement extrapolates beyond the outermost cells: another map in a 6x6 one's border.
        mask = tf.image.resize(mask[..., np.newaxis], face.shape).numpy()[..., 0]
        assert map_.any() == mask.any()
        empty += not mask.any()
        assert not mask.any() or correlation(map_, mask) > ONE
    assert empty < len(maps) / 2, "so many empty maps would compare nothing"
