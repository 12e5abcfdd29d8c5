"""The happy face that a network is most sure of: what its filters are shown (questions 4 and 5)."""

from typing import Any

import numpy as np

from data.dataset import CLASS_NAMES, USAGE_NAMES, Dataset
from models.weights_file import WeightsFile, seen_in_training

HAPPY = CLASS_NAMES.index("happy")


def surest_happy_row(network: Any, faces: Dataset, weights: WeightsFile) -> int:
    """The row of the face that the network is most sure is happy, among `happy_rows`.

    network: a keras.Model that ends in logits. weights: the file that it was loaded from.
    """
    from models.prediction import predict_probabilities

    rows = happy_rows(faces, weights)
    return int(rows[predict_probabilities([network], faces.images[rows])[:, HAPPY].argmax()])


def happy_rows(faces: Dataset, weights: WeightsFile) -> np.ndarray:
    """Rows labelled happy, of PublicTest, and not trained on; what no row fulfils is no condition."""
    rows = np.arange(len(faces))
    if faces.labels is not None:
        rows = _prefer(rows, faces.labels[rows] == HAPPY)
    if faces.usage is not None:
        rows = _prefer(rows, faces.usage[rows] == USAGE_NAMES.index("PublicTest"))
    return _prefer(rows, ~seen_in_training(faces.images[rows], [weights]))


def _prefer(rows: np.ndarray, fulfilled: np.ndarray) -> np.ndarray:
    """Those of `rows` whose entry in the (len(rows),) bools `fulfilled` is true, or all where none is."""
    return rows[fulfilled] if fulfilled.any() else rows
