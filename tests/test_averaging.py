"""Averaged weights: the average itself, its batch normalisation, and the weights that go on training."""

from dataclasses import replace

import numpy as np
import pytest

from models.layers import BATCH_NORMALIZATION_MOMENTUM, FusedBatchNormalization
from training.averaging import Averaging
from training.fit import build_compiled
from training.optimizers import build_optimizer
from training.recipes import RECIPES

RECIPE = replace(RECIPES["compact"]["fast"], average=0.5, dropout=0.0)
FACES = np.random.default_rng(1).integers(0, 256, (8, 48, 48)).astype(np.float32)
TARGETS = np.eye(7, dtype=np.float32)[np.arange(8) % 7]


def test_the_average_is_lent_and_the_weights_come_back():
    model = build_compiled("compact", 128.0, 64.0, RECIPE, 100, "float32")
    kernel = next(variable for variable in model.trainable_variables if "kernel" in variable.path)
    values = []
    for _ in range(3):
        model.train_on_batch(FACES, TARGETS)
        values.append(np.array(kernel))
    expected = 0.25 * values[0] + 0.25 * values[1] + 0.5 * values[2]
    before = [np.array(variable) for variable in model.weights]
    with Averaging(model).averaged([(FACES, TARGETS)]):
        np.testing.assert_allclose(np.array(kernel), expected, rtol=1e-5, atol=1e-7)
        assert np.abs(np.array(kernel) - values[2]).max() > 1e-4
    assert_weights(model, before)


def test_the_weights_come_back_after_an_error():
    model = build_compiled("compact", 128.0, 64.0, RECIPE, 100, "float32")
    model.train_on_batch(FACES, TARGETS)
    model.train_on_batch(FACES, TARGETS)
    before = [np.array(variable) for variable in model.weights]

    def stopped_batches():
        yield FACES, TARGETS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Averaging(model).averaged(stopped_batches()):
        pass
    assert_weights(model, before)
    assert model.get_layer("batch_normalization_1").momentum == BATCH_NORMALIZATION_MOMENTUM


def assert_weights(model, values):
    for variable, value in zip(model.weights, values, strict=True):
        np.testing.assert_array_equal(np.array(variable), value)


def test_statistics_are_those_of_all_batches_in_every_layer():
    model = build_compiled("compact", 128.0, 64.0, RECIPE, 100, "float32")
    model.train_on_batch(FACES, TARGETS)
    layers = [layer for layer in model.layers if isinstance(layer, FusedBatchNormalization)]
    measured = []
    for batches in ([FACES[:4]], [FACES[4:]], [FACES[:4], FACES[4:]]):
        with Averaging(model).averaged([(batch, None) for batch in batches]):
            statistics = [(layer.moving_mean, layer.moving_variance) for layer in layers]
            measured.append([np.array(values) for pair in statistics for values in pair])
    for first, second, both in zip(*measured, strict=True):
        np.testing.assert_allclose(both, (first + second) / 2, rtol=1e-4, atol=1e-6)
    assert {layer.momentum for layer in layers} == {BATCH_NORMALIZATION_MOMENTUM}


def test_without_an_average_nothing_happens():
    model = build_compiled("compact", 128.0, 64.0, replace(RECIPE, average=0.0), 10, "float32")
    before = [np.array(variable) for variable in model.weights]
    with Averaging(model).averaged([]):
        assert_weights(model, before)


@pytest.mark.parametrize(("steps", "momentum"), [(1, 0.0), (10, 0.0), (200, 0.95), (100_000, 0.998)])
def test_the_average_reaches_back_over_a_tenth_of_the_run_at_most(steps, momentum):
    optimizer = build_optimizer(replace(RECIPE, average=0.998), steps)
    assert optimizer.ema_momentum == pytest.approx(momentum)
