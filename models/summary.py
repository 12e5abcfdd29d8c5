"""The table of a network's layers, in the report's form."""

import math
from typing import Any


def layer_table(network: Any) -> list[tuple[str, tuple[int, ...], int]]:
    """Each layer's name, output shape and parameters of a keras.Model; maps as (channels, height, width)."""
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers]
    report_order = [(shape[2], *shape[:2]) if len(shape) == 3 else shape for shape in shapes]
    rows = zip(network.layers, report_order, strict=True)
    return [(layer.name, shape, layer.count_params()) for layer, shape in rows]


def parameter_totals(network: Any) -> tuple[int, int, int]:
    """All parameters, the trainable and the non-trainable ones."""
    total = network.count_params()
    trainable = sum(math.prod(weight.shape) for weight in network.trainable_weights)
    return total, trainable, total - trainable
