"""First filters that need no training, because they whiten what they see."""

from typing import Any

import keras
import numpy as np

# What is added to the variances, so that what is mostly noise is not enlarged; those of grey levels are 1.
_NOISE = 0.01


def whiten(model: Any, images: np.ndarray) -> None:
    """Set the filters of the first convolution to those that whiten patches of these faces, and keep them.

    The outputs of whitening filters are uncorrelated and of equal variance. A filter and its negative come
    one after the other half, the strongest component of the patches first (Jordan 2024, 'airbench'). Filters
    beyond twice the pixels of a patch stay as they are. images: (N, 48, 48) grey levels.
    """
    layer = next(each for each in model.layers if isinstance(each, keras.layers.Conv2D))
    kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
    height, width, _, filters = kernel.shape
    # A part of the faces, and patches side by side: components hardly change with more.
    windows = np.lib.stride_tricks.sliding_window_view(images[::16], (height, width), axis=(1, 2))
    patches = windows[:, ::height, ::width].reshape(-1, height * width) / images.std()
    variances, components = np.linalg.eigh(np.cov(patches, rowvar=False))
    strongest = (components / np.sqrt(variances + _NOISE))[:, ::-1][:, : filters // 2]
    both = np.hstack([strongest, -strongest])
    kernel[..., : both.shape[1]] = both.reshape(height, width, 1, -1)
    layer.kernel.assign(kernel)
    layer.trainable = False
