"""Averaged weights: used for validation and kept, while training continues with the weights themselves."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


class Averaging:
    """Gives a compiled model the moving average of its weights, for a while."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.normalisations = [
            layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
        ]
        self._statistics = _statistics_function(model, self.normalisations)

    @contextmanager
    def averaged(self, batches: Iterable[Any]) -> Iterator[None]:
        """In the block, give the model the moving average of its weights, if its optimiser keeps one.

        The average of the weights has other activations than the weights, so the statistics of batch
        normalisation are measured anew (Izmailov et al. 2018), on `batches` of (faces, targets).
        """
        model = self.model
        if not model.optimizer.use_ema:
            yield
            return
        kept = [(variable, np.array(variable)) for variable in model.weights]
        averages = model.optimizer._model_variables_moving_average  # Keras gives it no public name
        try:
            for variable, average in zip(model.trainable_variables, averages, strict=True):
                # A copy, because JAX gives the memory of what it is passed to its results.
                variable.assign(np.array(average))
            self._measure_statistics(batches)
            yield
        finally:
            for variable, value in kept:
                variable.assign(value)

    def _measure_statistics(self, batches: Iterable[Any]) -> None:
        """Set the statistics of all batch normalisations to their mean over `batches`."""
        momenta = [layer.momentum for layer in self.normalisations]
        measured = []
        try:
            for layer in self.normalisations:
                layer.momentum = 0.0  # which makes the moving average that of the last batch
            measured = list(self._statistics(faces for faces, _ in batches))
        finally:
            for layer, momentum in zip(self.normalisations, momenta, strict=True):
                layer.momentum = momentum
        if measured:
            means = [np.mean(values, axis=0) for values in zip(*measured, strict=True)]
            for variable, mean in zip(_moving(self.normalisations), means, strict=True):
                variable.assign(mean)


def _moving(normalisations: Iterable[Any]) -> list[Any]:
    return [variable for layer in normalisations for variable in (layer.moving_mean, layer.moving_variance)]


def _statistics_function(
    model: keras.Model, normalisations: Iterable[Any]
) -> Callable[[Iterable[Any]], Iterator[list[Any]]]:
    """A function of batches of faces that gives the moving averages after each, seen as in training."""
    moving = _moving(normalisations)
    if keras.backend.backend() != "jax":

        def statistics(batches: Iterable[Any]) -> Iterator[list[Any]]:
            for faces in batches:
                model(faces, training=True)
                yield [np.array(variable) for variable in moving]

        return statistics

    import jax

    paths = [variable.path for variable in model.non_trainable_variables]
    places = [paths.index(variable.path) for variable in moving]

    # Compiled, because on a GPU the operations one by one take longer than an epoch; on the first call, so
    # with the momentum that the layers have then.
    @jax.jit
    def states_after(trainable: Any, states: Any, faces: Any) -> Any:
        return model.stateless_call(trainable, states, faces, training=True)[1]

    def statistics_of_jax(batches: Iterable[Any]) -> Iterator[list[Any]]:
        trainable = [variable.value for variable in model.trainable_variables]
        states = [variable.value for variable in model.non_trainable_variables]  # dropout's, too
        for faces in batches:
            states = states_after(trainable, states, faces)
            yield [states[place] for place in places]

    return statistics_of_jax
