"""The optimizers of the recipes, with their one-cycle learning rate, and averaged weights."""

import functools
import itertools
import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from models.layers import MOMENTUM
from training.batches import compiled
from training.recipes import Recipe

# Kernels that see fewer numbers than this, as those of a first layer on one grey channel, are left to AdamW,
# because so few numbers cannot make many filters orthogonal to each other.
_LEAST_FAN_IN = 64
# The share of a run that averaged weights reach back over at most.
_AVERAGED_SHARE = 0.1
# How many batches measure the statistics of averaged weights: enough for 0.1 points, a second or two.
STATISTICS_BATCHES = 20


class ConvolutionMuon(keras.optimizers.Muon):
    """Muon for convolution kernels after the first layer, AdamW for all other variables.

    Keras's own Muon leaves every kernel of four dimensions to AdamW. Here a kernel (height, width, in, out)
    is the matrix (height * width * in, out), as in Jordan et al. 2024
    (https://kellerjordan.github.io/posts/muon/). Dense layers stay with AdamW: orthogonalising the report's
    18432x1024 would cost more than its gradient.

    compute_dtype: of the products that make a matrix orthogonal. Their coefficients were made for bfloat16,
    but GPUs before Ampere do not multiply it.
    """

    compute_dtype = "float32"

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4 or math.prod(variable.shape[:-1]) < _LEAST_FAN_IN

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Make a gradient (height, width, in, out) nearly orthogonal: most singular values 0.7 to 1.2.

        Muon's update calls this by Keras's name, and lr_adjust after it.
        """
        matrix = ops.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        matrix = ops.cast(matrix / (ops.norm(matrix) + self.epsilon), self.compute_dtype)
        is_tall = matrix.shape[0] > matrix.shape[1]
        matrix = ops.transpose(matrix) if is_tall else matrix
        for _ in range(steps):
            gram = ops.matmul(matrix, ops.transpose(matrix))
            polynomial = self.muon_b * gram + self.muon_c * ops.matmul(gram, gram)
            matrix = self.muon_a * matrix + ops.matmul(polynomial, matrix)
        matrix = ops.transpose(matrix) if is_tall else matrix
        return ops.reshape(ops.cast(matrix, x.dtype), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """Scale an update so that its root mean square is that of Adam (Liu et al. 2025, section 2.2)."""
        return x * self.rms_rate * max(math.prod(x.shape[:-1]), x.shape[-1]) ** 0.5


class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises to its peak and falls to zero, both in straight lines: schedule=linear.

    warmup_steps: how many of all `steps` come before the peak.
    """

    def __init__(self, peak: float, warmup_steps: int, steps: int) -> None:
        self.peak, self.warmup_steps, self.steps = peak, warmup_steps, steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        left = (self.steps - step) / max(1, self.steps - self.warmup_steps)
        # From a fifth, not from 1/25 as with a cosine, because short runs have few steps to lose.
        return self.peak * ops.minimum(0.2 + 0.8 * step / self.warmup_steps, left)


def build_optimizer(recipe: Recipe, steps: int, compute_dtype: str = "float32") -> keras.optimizers.Optimizer:
    """A fresh optimizer for a run of `steps` batches. compute_dtype: of muon's matrix products."""
    learning_rate: Any = recipe.learning_rate
    warmup_steps = max(1, round(steps * recipe.warmup))
    if recipe.schedule == "linear":
        learning_rate = Triangle(recipe.learning_rate, warmup_steps, steps)
    elif recipe.warmup:
        learning_rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=recipe.learning_rate / 25,
            decay_steps=max(1, steps - warmup_steps),
            warmup_target=recipe.learning_rate,
            warmup_steps=warmup_steps,
        )
    options: dict[str, Any] = {"learning_rate": learning_rate, "weight_decay": recipe.weight_decay}
    if recipe.average:
        # In a short run the average must not reach back to weights that knew nothing.
        kept = max(0.0, min(recipe.average, 1 - 1 / (_AVERAGED_SHARE * steps)))
        options |= {"use_ema": True, "ema_momentum": kept}
    muon = {"adam_weight_decay": recipe.weight_decay, "adam_lr_ratio": recipe.adam_share}
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "adam": (keras.optimizers.Adam, {"weight_decay": None}),
        "adamw": (keras.optimizers.AdamW, {}),
        "sgd": (keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
        "muon": (ConvolutionMuon, muon),
    }
    kind, more = kinds[recipe.optimizer]
    optimizer = kind(**options | more)
    optimizer.compute_dtype = compute_dtype
    # At the end of each `fit`, so after each epoch, Keras would replace the weights by their average.
    optimizer.finalize_variable_values = lambda variables: None
    # Decay of a bias or of batch normalisation's scale regularises nothing.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


class AveragedNetwork:
    """A copy of the network in training, with the moving average of its weights that the optimizer keeps."""

    def __init__(self, model: keras.Model) -> None:
        # Keras would clone the optimizer of a compiled model too.
        network = keras.models.clone_model(keras.Model(model.inputs, model.outputs))
        self.network = network
        self._call = compiled(functools.partial(network.stateless_call, training=True))

    def update(self, model: keras.Model, batches: Iterable[tuple[Any, Any]]) -> keras.Model:
        """The copy, with the average that the optimizer keeps now.

        The average has other activations than the weights, so the statistics of batch normalisation are
        measured anew (Izmailov et al. 2018), on the first `batches` of (faces, targets).
        """
        trainable, states = self.network.trainable_variables, self.network.non_trainable_variables
        averages = model.optimizer._model_variables_moving_average  # Keras gives it no public name
        for variable, value in zip(trainable + states, averages + model.non_trainable_variables, strict=True):
            # A copy, because JAX gives the memory of what it is passed to its results.
            variable.assign(np.array(value))
        is_statistic = [each.name.startswith("moving_") for each in states]
        weights, values = ([ops.convert_to_tensor(each) for each in group] for group in (trainable, states))
        values = [ops.zeros_like(v) if reset else v for v, reset in zip(values, is_statistic, strict=True)]
        rest = 1.0
        for faces, _ in itertools.islice(batches, STATISTICS_BATCHES):
            _, values = self._call(weights, values, faces)
            rest *= MOMENTUM
        for variable, value, was_reset in zip(states, values, is_statistic, strict=True):
            variable.assign(value / (1 - rest) if was_reset else value)
        return self.network
