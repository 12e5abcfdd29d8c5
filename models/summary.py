"""The table of a network's layers, in the report's form: python -m models.summary cnn"""

import sys

import keras

from models.networks import NETWORK_NAMES, builder


def layer_table(model: keras.Model) -> list[tuple[str, tuple[int, ...], int]]:
    """Each layer's name, output shape and parameters; pictures as (channels, height, width)."""
    rows = []
    for layer in model.layers:
        shape = tuple(layer.output.shape[1:])
        if len(shape) == 3:
            shape = (shape[2], shape[0], shape[1])
        rows.append((layer.name, shape, layer.count_params()))
    return rows


def summary(model: keras.Model) -> str:
    """The table as text, with the totals beneath it."""
    trainable = sum(weight.value.shape.num_elements() for weight in model.trainable_weights)
    lines = [f"{'layer':<24}{'output':<16}{'parameters':>12}"]
    for name, shape, parameters in layer_table(model):
        lines.append(f"{name:<24}{', '.join(map(str, shape)):<16}{parameters:>12,}")
    lines.append(
        f"total {model.count_params():,}; trainable {trainable:,}; "
        f"non-trainable {model.count_params() - trainable:,}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in NETWORK_NAMES]:
        sys.exit(f"usage: python -m models.summary {'|'.join(NETWORK_NAMES)}")
    print(summary(builder(sys.argv[1])(mean=0.0, std=1.0)))
