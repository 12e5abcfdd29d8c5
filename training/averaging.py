"""Averaged weights: used for validation and kept, while training continues with the weights themselves."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


@contextmanager
def averaged_weights(model: keras.Model, batches: Iterable[Any]) -> Iterator[None]:
    """In the block, give a compiled model the moving average of its weights, if its optimiser keeps one.

    The average of the weights has other activations than the weights, so the statistics of batch
    normalisation are measured anew (Izmailov et al. 2018), on `batches` of (faces, targets).
    """
    if not model.optimizer.use_ema:
        yield
        return
    kept = [(variable, np.array(variable)) for variable in model.weights]
    averages = model.optimizer._model_variables_moving_average  # Keras gives it no public name
    try:
        for variable, average in zip(model.trainable_variables, averages, strict=True):
            variable.assign(average)
        measure_statistics(model, batches)
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def measure_statistics(model: keras.Model, batches: Iterable[Any]) -> None:
    """Set the statistics of all batch normalisations to their mean over `batches` of (faces, targets)."""
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normalisations]
    try:
        for number, (faces, _) in enumerate(batches):
            for layer in normalisations:
                layer.momentum = number / (number + 1)  # which makes the moving average the mean so far
            model(faces, training=True)
    finally:
        for layer, momentum in zip(normalisations, momenta, strict=True):
            layer.momentum = momentum
