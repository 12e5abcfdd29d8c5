"""Deletion, insertion and shuffled layers, against networks whose answers are known."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from analysis.saliency_checks import (
    CENTRE,
    RANDOM,
    STEPS,
    check_saliency,
    mean_difference,
    perturbation_curves,
    random_faces,
    rank_correlations,
    shuffled_maps,
)
from data import IMAGE_SIZE, NUM_CLASSES, NUM_PIXELS
from models.prediction import predict_probabilities

CLASSES = np.array([3, 0])


@pytest.fixture(scope="module")
def images(drawn) -> np.ndarray:
    return drawn.images[[8, 30]]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A convolution that finds nothing, beside a dense layer that sees the face."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    grey = layers.Rescaling(1 / 255)(inputs)
    dense = layers.Dense(8, activation="tanh")(layers.Flatten()(grey))
    dead = layers.Conv2D(1, 3, activation=None, bias_initializer=keras.initializers.Constant(-99.0))
    found = layers.GlobalMaxPooling2D()(
        layers.ReLU()(dead(layers.Reshape((IMAGE_SIZE, IMAGE_SIZE, 1))(grey)))
    )
    return keras.Model(inputs, layers.Dense(NUM_CLASSES)(layers.Concatenate()([dense, found])))


def test_pixels_go_in_the_order_of_their_importance(network, images) -> None:
    """Each step repeated by hand for one face: its most important pixels turn grey, and come from a blur."""
    importance = np.random.default_rng(2).permutation(NUM_PIXELS).reshape(1, IMAGE_SIZE, IMAGE_SIZE)
    deletion, insertion = perturbation_curves(network, images[:1], CLASSES[:1], importance, seed=1)
    for step in range(STEPS + 1):
        face = images[0].astype(np.float32)
        face[importance[0] >= NUM_PIXELS - step * NUM_PIXELS // STEPS] = images[0].mean()
        assert deletion[0, step] == pytest.approx(
            predict_probabilities([network], face[None])[0, 3], abs=1e-5
        )
    whole = predict_probabilities([network], images[:1])[0, 3]
    assert deletion[0, 0] == pytest.approx(whole, abs=1e-5)
    assert insertion[0, -1] == pytest.approx(whole, abs=1e-5)
    assert insertion[0, 0] != pytest.approx(whole, abs=1e-3)


def test_shuffled_layers_change_the_maps_and_get_their_weights_back(network, images) -> None:
    before = network.get_weights()
    maps = shuffled_maps(network, ["gradient"], images, CLASSES, seed=1)["gradient"]
    for array, restored in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(array, restored)
    assert maps.any(axis=(1, 2)).all()
    with pytest.raises(KeyError):
        shuffled_maps(network, ["no such method"], images, CLASSES, seed=1)
    np.testing.assert_array_equal(before[0], network.get_weights()[0])


def test_rank_correlations_leave_flat_maps_out() -> None:
    maps = np.random.default_rng(1).random((3, IMAGE_SIZE, IMAGE_SIZE))
    assert rank_correlations(maps, np.exp(maps)) == pytest.approx([1, 1, 1])
    flat = -maps
    flat[1] = 0
    assert rank_correlations(maps, flat) == pytest.approx([-1, -1])


def test_checks_count_empty_maps_and_compare_with_other_orders(network, images) -> None:
    checks = check_saliency(network, images, CLASSES, ["gradient", "gradcam"], seed=1)
    orders = checks.orders
    assert list(orders) == ["gradient", "gradcam", CENTRE, RANDOM]
    assert [numbers["empty"] for numbers in orders.values()] == [0, 2, 0, 0]
    assert abs(orders["gradient"]["shuffled"]) < 0.3, "the network is untrained, but its layers differ"
    assert orders["gradient"]["compared"] == 2
    assert orders["gradcam"]["shuffled"] is orders[RANDOM]["shuffled"] is None
    for name, (deletion, insertion) in checks.curves.items():
        # The mean height of the trapezia between the 13 points.
        areas = (deletion[:, :-1] + deletion[:, 1:]).mean(axis=1) / 2
        assert orders[name]["deletion"] == pytest.approx(areas.mean())
        assert orders[name]["deletion_sd"] == pytest.approx(np.abs(areas - areas.mean()).mean())
        assert orders[name]["insertion"] == pytest.approx(((insertion[:, :-1] + insertion[:, 1:]) / 2).mean())
        if name in checks.differences:
            gap = (
                areas - (checks.curves[RANDOM][0][:, :-1] + checks.curves[RANDOM][0][:, 1:]).mean(axis=1) / 2
            )
            found = checks.differences[name]["deletion"]
            # Of two faces the standard error is half of their distance.
            assert found["value"] == pytest.approx(gap.mean())
            assert found["high"] - found["value"] == pytest.approx(1.96 * abs(gap[0] - gap[1]) / 2)
    assert mean_difference(np.array([0.5])) == {"value": 0.5, "low": -1, "high": 1}, "one face says nothing"
    assert checks.record()["faces"] == 2
    assert "NaN" not in str(checks)


def test_random_faces_are_of_all_classes() -> None:
    table = pd.DataFrame({"true": np.repeat(["angry", "fear", "sad"], [25, 2, 15])})
    chosen = random_faces(table, seed=1)
    assert chosen["true"].value_counts().to_dict() == {"angry": 10, "sad": 10, "fear": 2}
    assert chosen.index.is_unique
