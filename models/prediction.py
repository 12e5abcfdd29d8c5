"""Class probabilities of faces, by one network or the mean of several, with or without mirrored views."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from data.dataset import NUM_CLASSES

BATCH_SIZE = 256


def predict_probabilities(models: Sequence[Any], faces: np.ndarray, mirrored: bool = False) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) float64 probabilities, the mean over models and views.

    models: networks that end in logits. mirrored: also see each face mirrored left to right (test-time
    augmentation; the label of a face does not depend on its side).
    """
    views = [faces, faces[:, :, ::-1]] if mirrored else [faces]
    total = np.zeros((len(faces), NUM_CLASSES))
    for model in models:
        for view in views:
            total += keras.ops.convert_to_numpy(keras.ops.softmax(predict_logits(model, view)))
    return total / (len(models) * len(views))


def predict_logits(model: Any, faces: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels, N at least 1 -> (N, 7) float32 logits."""
    # Not model.predict: the end of its tf.data pipeline waits up to as long again as it worked.
    batches = [faces[start : start + BATCH_SIZE] for start in range(0, len(faces), BATCH_SIZE)]
    return np.concatenate([model.predict_on_batch(batch) for batch in batches])
