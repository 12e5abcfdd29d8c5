"""The optimisers of the recipes, with their one-cycle learning rate."""

from typing import Any

import keras
from keras import ops

from training.recipes import Recipe

# Kernels that see fewer numbers than this, as those of a first layer on one grey channel, are left to AdamW,
# because so few numbers cannot make many filters orthogonal to each other.
_LEAST_FAN_IN = 64
# The share of a run that averaged weights reach back over at most.
_AVERAGED_SHARE = 0.1


class ConvolutionMuon(keras.optimizers.Muon):
    """Muon for convolution kernels after the first layer, AdamW for all other variables.

    Keras's own Muon leaves every kernel of four dimensions to AdamW. Here a kernel (height, width, in, out)
    is the matrix (height * width * in, out), as in Jordan et al. 2024
    (https://kellerjordan.github.io/posts/muon/). Dense layers stay with AdamW: orthogonalising the report's
    18432x1024 would cost more than its gradient.

    compute_dtype: of the products that make a matrix orthogonal. Their coefficients were made for bfloat16,
    but GPUs before Ampere do not multiply it.
    """

    def __init__(self, *args: Any, compute_dtype: str = "float32", **options: Any) -> None:
        super().__init__(*args, **options)
        self.compute_dtype = compute_dtype

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4 or _fan_in(variable.shape) < _LEAST_FAN_IN

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Make a gradient (height, width, in, out) nearly orthogonal: most singular values 0.7 to 1.2.

        Muon's update calls this by Keras's name, and lr_adjust after it.
        """
        matrix = ops.reshape(x, (_fan_in(x.shape), x.shape[-1]))
        matrix = ops.cast(matrix / (ops.norm(matrix) + self.epsilon), self.compute_dtype)
        is_tall = matrix.shape[0] > matrix.shape[1]
        if is_tall:
            matrix = ops.transpose(matrix)
        for _ in range(steps):
            gram = ops.matmul(matrix, ops.transpose(matrix))
            polynomial = self.muon_b * gram + self.muon_c * ops.matmul(gram, gram)
            matrix = self.muon_a * matrix + ops.matmul(polynomial, matrix)
        if is_tall:
            matrix = ops.transpose(matrix)
        return ops.reshape(ops.cast(matrix, x.dtype), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """Scale an update so that its root mean square is that of Adam (Liu et al. 2025, section 2.2)."""
        return x * self.rms_rate * max(_fan_in(x.shape), x.shape[-1]) ** 0.5


def build_optimizer(recipe: Recipe, steps: int, compute_dtype: str = "float32") -> keras.optimizers.Optimizer:
    """A fresh optimiser for a run of `steps` batches. compute_dtype: of muon's matrix products."""
    learning_rate: Any = recipe.learning_rate
    if recipe.warmup:
        warmup_steps = max(1, round(steps * recipe.warmup))
        learning_rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=recipe.learning_rate / 25,
            decay_steps=max(1, steps - warmup_steps),
            warmup_target=recipe.learning_rate,
            warmup_steps=warmup_steps,
        )
    decay = recipe.weight_decay
    # In a short run the average must not reach back to weights that knew nothing.
    kept = max(0.0, min(recipe.average, 1 - 1 / (_AVERAGED_SHARE * steps)))
    average = {"use_ema": recipe.average > 0, "ema_momentum": kept}
    match recipe.optimizer:
        case "adam":
            return keras.optimizers.Adam(learning_rate, **average)
        case "adamw":
            optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=decay, **average)
        case "sgd":
            optimizer = keras.optimizers.SGD(
                learning_rate, momentum=0.9, nesterov=True, weight_decay=decay, **average
            )
        case "muon":
            optimizer = ConvolutionMuon(
                learning_rate,
                weight_decay=decay,
                adam_weight_decay=decay,
                adam_lr_ratio=recipe.adam_share,
                compute_dtype=compute_dtype,
                **average,
            )
    # Decay of a bias or of batch normalisation's scale regularises nothing.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _fan_in(shape: Any) -> int:
    height, width, channels, _ = shape
    return int(height * width * channels)
