"""The happy face that a network is most sure of: what its filters are shown (questions 4 and 5)."""

from typing import Any

import numpy as np

from data.dataset import CLASS_NAMES, USAGE_NAMES, Dataset
from data.hashing import image_hashes

HAPPY = CLASS_NAMES.index("happy")


def surest_happy_row(network: Any, faces: Dataset, training_hashes: np.ndarray) -> int:
    """The row of the face that the network is most sure is happy, among `happy_rows`.

    network: a keras.Model that ends in logits. training_hashes: (N,) uint64 of what it was trained on.
    """
    from models.prediction import predict_probabilities

    rows = happy_rows(faces, training_hashes)
    return int(rows[predict_probabilities([network], faces.images[rows])[:, HAPPY].argmax()])


def happy_rows(faces: Dataset, training_hashes: np.ndarray) -> np.ndarray:
    """Rows labelled happy, of PublicTest, and not trained on; what no row fulfils is no condition."""
    rows = np.arange(len(faces))
    if faces.labels is not None:
        rows = _prefer(rows, faces.labels == HAPPY)
    if faces.usage is not None:
        rows = _prefer(rows, faces.usage == USAGE_NAMES.index("PublicTest"))
    return _prefer(rows, ~np.isin(image_hashes(faces.images), training_hashes))


def _prefer(rows: np.ndarray, fulfilled: np.ndarray) -> np.ndarray:
    return rows[fulfilled[rows]] if fulfilled[rows].any() else rows
