"""First filters that need no training, because they whiten what they see."""

from typing import Any

import keras
import numpy as np

# What is added to variances, in those of grey levels: what varies less is mostly noise, and is enlarged less.
_NOISE = 0.01


def whiten(model: Any, images: np.ndarray, std: float) -> None:
    """Set the filters of the first convolution to those that whiten patches of these faces, and keep them.

    Their outputs are uncorrelated and, but for noise, of equal variance. The first half are the filters, the
    strongest component of the patches first, the second half their negatives, because a ReLU follows (Jordan
    2024, 'airbench'). Where a patch has fewer pixels than that half has filters, the rest stay random, and
    are kept too. To be called before the network is compiled.
    images: (N, 48, 48) grey levels. std: what the network divides them by.
    """
    layer = next(each for each in model.layers if isinstance(each, keras.layers.Conv2D))
    kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
    height, width, _, filters = kernel.shape
    some = images[:: max(1, len(images) // 2000)]  # 2000 to 3999 are enough
    windows = np.lib.stride_tricks.sliding_window_view(some, (height, width), axis=(1, 2))
    patches = windows[:, ::height, ::width].reshape(-1, height * width) / std  # side by side
    variances, components = np.linalg.eigh(np.cov(patches, rowvar=False))
    # NumPy gives the weakest first.
    strongest = (components / np.sqrt(variances + _NOISE))[:, ::-1][:, : filters // 2]
    kernel.reshape(-1, filters)[:, : 2 * strongest.shape[1]] = np.hstack([strongest, -strongest])
    layer.kernel.assign(kernel)
    layer.trainable = False
