"""The networks by name, and their weights. Adding one: docs/design.md, Adding a network of your own."""

import importlib
from collections.abc import Callable
from typing import Any

# The script that trains each network, and the function that builds it.
NETWORKS = {
    "cnn": ("train_cnn", "models.cnn.build_cnn"),
    "dnn": ("train_dnn", "models.dnn.build_dnn"),
    "small": ("train_cnn", "models.residual.build_small"),
    "compact": ("train_cnn", "models.residual.build_compact"),
    "medium": ("train_cnn", "models.residual.build_medium"),
}
REPORT_NETWORKS = ("cnn", "dnn")
CONVOLUTIONAL, DENSE = (
    tuple(name for name, (script, _) in NETWORKS.items() if script == wanted)
    for wanted in ("train_cnn", "train_dnn")
)


def builder(name: str) -> Callable[..., Any]:
    """The function that builds one of NETWORKS: (mean, std, dropout, block_dropout) -> keras.Model.

    The model takes (N, 48, 48) grey levels, and its last layer gives (N, 7) logits.
    """
    # Imported here, so that a name can be checked without TensorFlow.
    module, _, function = NETWORKS[name][1].rpartition(".")
    return getattr(importlib.import_module(module), function)
