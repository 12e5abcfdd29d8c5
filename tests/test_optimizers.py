"""The optimisers of the recipes."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from training.optimizers import ConvolutionMuon, build_optimizer
from training.recipes import RECIPES

MUON = dataclasses.replace(RECIPES["cnn"]["report"], optimizer="muon", learning_rate=0.01, weight_decay=0.1)


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
    optimizer = build_optimizer(dataclasses.replace(MUON, weight_decay=0.0), steps=10)
    optimizer.build([kernel])
    gradient = np.random.default_rng(1).normal(size=kernel.shape).astype("float32")
    optimizer.apply([ops.convert_to_tensor(gradient)], [kernel])
    size = np.sqrt(np.mean(np.square(np.array(kernel))))
    # Liu et al. 2025: Adam's update has a root mean square of 0.2 to 0.4 of the learning rate.
    assert size == pytest.approx(0.2 * 0.01, rel=0.2)


@pytest.mark.parametrize("shape", [(3, 3, 1, 64), (64, 7), (64,)])
def test_muon_leaves_first_kernels_dense_layers_and_vectors_to_adamw(shape):
    values = np.random.default_rng(1).normal(size=shape).astype("float32")
    by_muon, by_adamw = (keras.Variable(np.zeros(shape, "float32"), name="kernel") for _ in range(2))
    for variable, name in ((by_muon, "muon"), (by_adamw, "adamw")):
        optimizer = build_optimizer(dataclasses.replace(MUON, optimizer=name), steps=10)
        optimizer.build([variable])
        optimizer.apply([ops.convert_to_tensor(values)], [variable])
    np.testing.assert_allclose(np.array(by_muon), np.array(by_adamw), rtol=1e-5)


def test_sgd_looks_ahead_along_its_momentum():
    variable = keras.Variable(np.zeros(1, "float32"), name="bias")
    optimizer = build_optimizer(dataclasses.replace(MUON, optimizer="sgd"), steps=10)
    optimizer.build([variable])
    positions = []
    for _ in range(2):
        optimizer.apply([ops.ones(1)], [variable])
        positions.append(float(variable[0]))
    # Sutskever et al. 2013: momenta of 1, then 1.9; each step goes 0.9 of its momentum too far.
    np.testing.assert_allclose(positions, [-0.01 * 1.9, -0.01 * (1.9 + 1 + 0.9 * 1.9)], rtol=1e-6)


def test_adam_share_slows_what_muon_leaves_to_adamw():
    steps = []
    for share in (1.0, 0.2):
        variable = keras.Variable(np.zeros(64, "float32"), name="bias")
        optimizer = build_optimizer(dataclasses.replace(MUON, adam_share=share), steps=10)
        optimizer.build([variable])
        optimizer.apply([ops.ones(64)], [variable])
        steps.append(np.array(variable))
    np.testing.assert_allclose(steps[1], 0.2 * steps[0], rtol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "muon", "sgd"])
def test_only_kernels_decay(name):
    variables = [
        *(keras.Variable(np.ones(shape, "float32"), name="kernel") for shape in ((3, 3, 32, 64), (64, 7))),
        *(keras.Variable(np.ones(64, "float32"), name=each) for each in ("bias", "gamma", "beta")),
    ]
    optimizer = build_optimizer(dataclasses.replace(MUON, optimizer=name), steps=10)
    optimizer.build(variables)
    optimizer.apply([ops.zeros(variable.shape) for variable in variables], variables)
    kernel, dense_kernel, *others = (np.array(variable) for variable in variables)
    np.testing.assert_allclose(kernel, 1 - 0.1 * 0.01, rtol=1e-6)
    np.testing.assert_allclose(dense_kernel, 1 - 0.1 * 0.01, rtol=1e-6)
    for other in others:
        np.testing.assert_array_equal(other, 1.0)
