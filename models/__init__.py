"""The networks by name, and their weights. A fifth one: docs/design.md, Adding a network."""

from collections.abc import Callable
from typing import Any

REPORT_NETWORKS = ("cnn", "dnn")
CONVOLUTIONAL = ("cnn", "compact", "medium")
DENSE = ("dnn",)
# What run folders and weight files call the networks.
NETWORK_NAMES = ("cnn", "dnn", "compact", "medium")


def builder(name: str) -> Callable[..., Any]:
    """The function that builds one of NETWORK_NAMES: (mean, std, dropout, block_dropout) -> keras.Model.

    The model takes (N, 48, 48) grey levels, and its last layer gives (N, 7) logits.
    """
    # Imported here, so that a name can be checked without TensorFlow.
    from models.cnn import build_cnn
    from models.dnn import build_dnn
    from models.residual import build_compact, build_medium

    return {"cnn": build_cnn, "dnn": build_dnn, "compact": build_compact, "medium": build_medium}[name]
