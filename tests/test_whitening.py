"""First filters that whiten patches of faces."""

import keras
import numpy as np
import pytest

from models import builder
from training.whitening import whiten


@pytest.mark.parametrize(("network", "components"), [("small", 16), ("medium", 9)])
def test_what_the_first_filters_give_is_uncorrelated(drawn, network, components):
    images = drawn.images
    model = builder(network)(float(images.mean()), float(images.std()))
    before = np.array(model.get_layer("conv2d_1").kernel)
    whiten(model, images, float(images.std()))
    layer = model.get_layer("conv2d_1")
    kernel = np.array(layer.kernel)
    np.testing.assert_array_equal(kernel[..., components : 2 * components], -kernel[..., :components])
    np.testing.assert_array_equal(kernel[..., 2 * components :], before[..., 2 * components :])
    assert not any(layer.kernel is each for each in model.trainable_variables)
    faces = ((images - images.mean()) / images.std()).astype(np.float32)[..., None]
    outputs = keras.ops.conv(faces, kernel[..., :components], strides=len(kernel))
    covariance = np.cov(np.array(outputs).reshape(-1, components), rowvar=False)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-3)
    # Strong components come first and get a variance of 1, noise gets less.
    assert np.all(np.diff(np.diag(covariance)) < 1e-3)
    assert covariance[0, 0] == pytest.approx(1, abs=0.01)
