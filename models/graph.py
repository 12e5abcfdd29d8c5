"""The order of layers in a network, read from its graph, because a list of layers hides residual sums."""

import itertools
from typing import Any


def bottlenecks(network: Any) -> list[Any]:
    """The layers that all paths from the faces to the logits pass through, in this order.

    network: a keras.Model with one output. A residual block's sum is one of them, its branches are not.
    """
    operations = network.operations
    last_readers = [0, *(max(reading, default=0) for reading in _readers(network))]
    # Keras sorts operations by their distance from the output, so a path skips one only by a connection from
    # an earlier to a later one.
    farthest = list(itertools.accumulate(last_readers, max))
    return [operation for number, operation in enumerate(operations) if farthest[number] <= number]


def only_reader(network: Any, layer: Any) -> Any | None:
    """The layer that reads the output of `layer`; None where several or none do."""
    readers = _readers(network)[network.operations.index(layer)]
    return network.operations[readers[0]] if len(readers) == 1 else None


def _readers(network: Any) -> list[list[int]]:
    """For each of the network's operations, the indices of those that read its output."""
    import keras

    operations = network.operations
    made_by = {id(operation.output): number for number, operation in enumerate(operations)}
    readers: list[list[int]] = [[] for _ in operations]
    for number, operation in enumerate(operations):
        for tensor in keras.tree.flatten(operation.input):
            readers[made_by[id(tensor)]].append(number)
    return readers
