"""The networks by the name that run folders and weight files carry."""

from collections.abc import Callable
from typing import Any

# A name, the module and the function; imported late, so that a name can be checked without TensorFlow.
REPORT_NETWORKS = ("cnn", "dnn")
NETWORK_NAMES = (*REPORT_NETWORKS, "compact")


def builder(name: str) -> Callable[..., Any]:
    """The function that builds network `name`: (mean, std, dropout) -> keras.Model. One of NETWORK_NAMES."""
    from models.cnn import build_cnn
    from models.compact import build_compact
    from models.dnn import build_dnn

    return {"cnn": build_cnn, "dnn": build_dnn, "compact": build_compact}[name]
