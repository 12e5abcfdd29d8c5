"""The networks, one file each, and their shipped weights."""

from collections.abc import Callable
from typing import Any, Literal, get_args

REPORT_NETWORKS = ("cnn", "dnn")
# What run folders and weight files call the networks.
NetworkName = Literal["cnn", "dnn", "compact", "medium"]
NETWORK_NAMES: tuple[NetworkName, ...] = get_args(NetworkName)
CONVOLUTIONAL = ("cnn", "compact", "medium")
# The layer of each that gives the logits.
LOGITS = {"cnn": "dense_2", "dnn": "dense_11", "compact": "dense_1", "medium": "dense_1"}


def builder(name: str) -> Callable[..., Any]:
    """The function that builds one of NETWORK_NAMES: (mean, std, dropout, block_dropout) -> keras.Model."""
    # Imported here, so that a name can be checked without TensorFlow.
    from models.cnn import build_cnn
    from models.compact import build_compact
    from models.dnn import build_dnn
    from models.medium import build_medium

    return {"cnn": build_cnn, "dnn": build_dnn, "compact": build_compact, "medium": build_medium}[name]
