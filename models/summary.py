"""The table of a network's layers, in the report's form: python -m models.summary cnn"""

import math
import sys
from typing import Any

from models import NETWORKS, builder
from models.prediction import set_up_keras


def layer_table(network: Any) -> list[tuple[str, tuple[int, ...], int]]:
    """Each layer's name, output shape and parameters of a keras.Model; maps as (channels, height, width)."""
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers]
    report_order = [(shape[2], *shape[:2]) if len(shape) == 3 else shape for shape in shapes]
    return [
        (layer.name, shape, layer.count_params())
        for layer, shape in zip(network.layers, report_order, strict=True)
    ]


def parameter_totals(network: Any) -> tuple[int, int, int]:
    """All parameters, the trainable and the non-trainable ones."""
    total = network.count_params()
    trainable = sum(math.prod(weight.shape) for weight in network.trainable_weights)
    return total, trainable, total - trainable


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in NETWORKS]:
        sys.exit(f"usage: python -m models.summary {'|'.join(NETWORKS)}")
    set_up_keras()
    built = builder(sys.argv[1])(mean=0.0, std=1.0)
    for row in [("layer", ("output",), "parameters"), *layer_table(built)]:
        print(f"{row[0]:<28}{', '.join(map(str, row[1])):<16}{row[2]:>12}")
    print("total {:,}; trainable {:,}; non-trainable {:,}".format(*parameter_totals(built)))
