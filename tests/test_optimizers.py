"""The optimizers of the recipes, their schedule, and averaged weights."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from models.layers import FusedBatchNormalization
from training.optimizers import AveragedNetwork, ConvolutionMuon, build_optimizer
from training.recipes import RECIPES

MUON = replace(RECIPES["cnn"]["report"], optimizer="muon", learning_rate=0.01, weight_decay=0.1)
FACES = np.random.default_rng(1).integers(0, 256, (8, 48, 48)).astype(np.float32)
TARGETS = np.eye(7, dtype=np.float32)[np.arange(8) % 7]


def stepped(variables: list, gradients: list, steps: int = 1, **settings) -> list[np.ndarray]:
    """The variables after `steps` steps with these gradients."""
    optimizer = build_optimizer(replace(MUON, **settings), steps=10)
    optimizer.build(variables)
    for _ in range(steps):
        optimizer.apply([ops.convert_to_tensor(each) for each in gradients], variables)
    return [np.array(variable) for variable in variables]


@pytest.mark.parametrize("shape", [(3, 3, 16, 32), (3, 3, 32, 16), (1, 1, 64, 128)])
def test_muon_makes_a_kernel_gradient_nearly_orthogonal(shape):
    gradient = np.random.default_rng(1).normal(size=shape).astype("float32")
    result = np.array(ConvolutionMuon().zeropower_via_newtonschulz5(ops.convert_to_tensor(gradient), steps=5))
    assert result.shape == shape
    singular_values = np.linalg.svd(result.reshape(-1, shape[-1]), compute_uv=False)
    assert singular_values.min() > 0.5
    assert singular_values.max() < 1.4
    u, _, vt = np.linalg.svd(gradient.reshape(-1, shape[-1]), full_matrices=False)
    assert np.corrcoef((u @ vt).ravel(), result.ravel())[0, 1] > 0.95


def test_muons_first_step_on_a_kernel_has_the_size_of_adams():
    kernel = keras.Variable(np.zeros((3, 3, 32, 64), "float32"), name="kernel")
    gradient = np.random.default_rng(1).normal(size=kernel.shape).astype("float32")
    (moved,) = stepped([kernel], [gradient], weight_decay=0.0)
    # Liu et al. 2025: Adam's update has a root mean square of 0.2 to 0.4 of the learning rate.
    assert np.sqrt(np.mean(np.square(moved))) == pytest.approx(0.2 * 0.01, rel=0.2)


@pytest.mark.parametrize("shape", [(3, 3, 1, 64), (64, 7), (64,)])
def test_muon_leaves_first_kernels_dense_layers_and_vectors_to_adamw(shape):
    gradient = np.random.default_rng(1).normal(size=shape).astype("float32")
    by_muon, by_adamw = (
        stepped([keras.Variable(np.zeros(shape, "float32"), name="kernel")], [gradient], optimizer=name)
        for name in ("muon", "adamw")
    )
    np.testing.assert_allclose(by_muon, by_adamw, rtol=1e-5)


def test_sgd_looks_ahead_along_its_momentum():
    variable = keras.Variable(np.zeros(1, "float32"), name="bias")
    # Sutskever et al. 2013: momenta of 1, then 1.9; each step goes 0.9 of its momentum too far.
    (moved,) = stepped([variable], [np.ones(1, "float32")], steps=2, optimizer="sgd")
    np.testing.assert_allclose(moved, -0.01 * (1.9 + 1 + 0.9 * 1.9), rtol=1e-6)


def test_adam_share_slows_what_muon_leaves_to_adamw():
    whole, slowed = (
        stepped([keras.Variable(np.zeros(64, "float32"))], [np.ones(64, "float32")], adam_share=share)
        for share in (1.0, 0.2)
    )
    np.testing.assert_allclose(slowed[0], 0.2 * whole[0], rtol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "muon", "sgd"])
def test_only_kernels_decay(name):
    variables = [
        *(keras.Variable(np.ones(shape, "float32"), name="kernel") for shape in ((3, 3, 32, 64), (64, 7))),
        *(keras.Variable(np.ones(64, "float32"), name=each) for each in ("bias", "gamma", "beta")),
    ]
    gradients = [np.zeros(variable.shape, "float32") for variable in variables]
    kernel, dense_kernel, *others = stepped(variables, gradients, optimizer=name)
    np.testing.assert_allclose(kernel, 1 - 0.1 * 0.01, rtol=1e-6)
    np.testing.assert_allclose(dense_kernel, 1 - 0.1 * 0.01, rtol=1e-6)
    for other in others:
        np.testing.assert_array_equal(other, 1.0)


def test_the_learning_rate_warms_up_and_ends_at_zero_or_is_constant():
    recipe = RECIPES["cnn"]["fast"]
    schedule = build_optimizer(recipe, steps=100)._learning_rate
    rates = np.array([float(schedule(step)) for step in range(101)])
    assert rates[0] < recipe.learning_rate / 20
    assert rates.argmax() == pytest.approx(100 * recipe.warmup, abs=1)
    assert rates.max() == pytest.approx(recipe.learning_rate)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    schedule = build_optimizer(replace(recipe, warmup=0.2, schedule="linear"), steps=100)._learning_rate
    rates = [float(schedule(step)) / recipe.learning_rate for step in (0, 10, 20, 60, 100)]
    np.testing.assert_allclose(rates, [0.2, 0.6, 1, 0.5, 0], atol=1e-6)
    schedule = build_optimizer(replace(recipe, warmup=0, schedule="linear"), steps=100)._learning_rate
    assert float(schedule(50)) / recipe.learning_rate == pytest.approx(50 / 99)
    adam = build_optimizer(RECIPES["cnn"]["report"], steps=100)
    assert type(adam) is keras.optimizers.Adam
    assert float(adam.learning_rate) == pytest.approx(0.001)


@pytest.mark.parametrize(("steps", "momentum"), [(1, 0.0), (10, 0.0), (200, 0.95), (100_000, 0.998)])
def test_the_average_reaches_back_over_a_tenth_of_the_run_at_most(steps, momentum):
    optimizer = build_optimizer(replace(MUON, average=0.998), steps)
    assert optimizer.ema_momentum == pytest.approx(momentum)


def test_averaged_weights_have_statistics_of_their_own_and_leave_the_training_alone():
    inputs = keras.Input((48, 48))
    x = keras.layers.Conv2D(4, 8, strides=8, name="convolution")(ops.expand_dims(inputs, -1))
    x = FusedBatchNormalization(momentum=0.9, name="first")(x)
    x = keras.layers.Dense(8)(keras.layers.Flatten()(x))
    x = keras.layers.BatchNormalization(momentum=0.9, name="second")(x)
    model = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Dropout(0.5)(x)))
    optimizer = build_optimizer(replace(MUON, average=0.5), steps=100)
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True))
    averaged = AveragedNetwork(model)
    kernels = []
    for _ in range(3):
        model.train_on_batch(FACES, TARGETS)
        kernels.append(np.array(model.get_layer("convolution").kernel))
    before, measured = model.get_weights(), []
    for batches in ([FACES[:4]], [FACES[4:]], [FACES[:4], FACES[4:]]):
        network = averaged.update(model, [(faces, None) for faces in batches])
        layers = [network.get_layer(name) for name in ("first", "second")]
        measured.append(
            [np.array(each) for layer in layers for each in (layer.moving_mean, layer.moving_variance)]
        )
    expected = 0.25 * kernels[0] + 0.25 * kernels[1] + 0.5 * kernels[2]
    np.testing.assert_allclose(network.get_layer("convolution").kernel, expected, rtol=1e-5, atol=1e-7)
    assert np.abs(kernels[2] - expected).max() > 1e-4
    # The later of two batches counts more, as 1 to 0.9.
    for first, second, both in zip(*measured, strict=True):
        np.testing.assert_allclose(both, (0.9 * first + second) / 1.9, rtol=1e-4, atol=1e-6)
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
