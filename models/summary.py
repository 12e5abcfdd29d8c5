"""The table of a network's layers, in the report's form: python -m models.summary cnn"""

import math
import sys

import keras

from models import NETWORK_NAMES, builder


def layer_table(network: keras.Model) -> list[tuple[str, tuple[int, ...], int]]:
    """Each layer's name, output shape and parameters; pictures as (channels, height, width)."""
    rows = []
    for layer in network.layers:
        shape = tuple(layer.output.shape[1:])
        if len(shape) == 3:
            shape = (shape[2], shape[0], shape[1])
        rows.append((layer.name, shape, layer.count_params()))
    return rows


def parameter_totals(network: keras.Model) -> tuple[int, int, int]:
    """All parameters, the trainable and the non-trainable ones."""
    total = network.count_params()
    trainable = sum(math.prod(weight.shape) for weight in network.trainable_weights)
    return total, trainable, total - trainable


def multiply_adds(network: keras.Model) -> int:
    """Multiplications with a following addition that convolutions and dense layers need for one face."""
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            # A convolution uses its kernel once for every pixel of its output, a dense layer once.
            pixels = math.prod(layer.output.shape[1:-1])
            total += pixels * math.prod(layer.kernel.shape)
    return total


def summary(network: keras.Model) -> str:
    """The table as text, with the totals beneath it."""
    lines = [f"{'layer':<28}{'output':<16}{'parameters':>12}"]
    for name, shape, parameters in layer_table(network):
        lines.append(f"{name:<28}{', '.join(map(str, shape)):<16}{parameters:>12,}")
    total, trainable, non_trainable = parameter_totals(network)
    lines.append(f"total {total:,}; trainable {trainable:,}; non-trainable {non_trainable:,}")
    lines.append(f"{multiply_adds(network) / 1e6:.0f} million multiply-adds per face")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in NETWORK_NAMES]:
        sys.exit(f"usage: python -m models.summary {'|'.join(NETWORK_NAMES)}")
    print(summary(builder(sys.argv[1])(mean=0.0, std=1.0)))
