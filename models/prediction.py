"""Class probabilities of faces, by one network or the mean of several, of one view or of four."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from data.dataset import IMAGE_SIZE, NUM_CLASSES

BATCH_SIZE = 256
# How much of a face's side the closer view shows; chosen on PublicTest.
CLOSER = 0.95


def predict_probabilities(models: Sequence[Any], faces: np.ndarray, tta: bool = False) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) float64 probabilities, the mean over models and views.

    models: networks that end in logits. tta: test-time augmentation; see each face from four views.
    """
    views = four_views(faces) if tta else [faces]
    total = np.zeros((len(faces), NUM_CLASSES))
    for model in models:
        for view in views:
            total += keras.ops.convert_to_numpy(keras.ops.softmax(predict_logits(model, view)))
    return total / (len(models) * len(views))


def four_views(faces: np.ndarray) -> list[np.ndarray]:
    """(N, 48, 48) grey levels -> the same, a little closer (bilinear), and the mirror images of both.

    The label of a face depends neither on its side nor on how tightly it was cropped.
    """
    # Maps a pixel of the result to one of the face, about the centre.
    edge = (1 - CLOSER) * (IMAGE_SIZE - 1) / 2
    transform = np.array([CLOSER, 0, edge, 0, CLOSER, edge, 0, 0], np.float32)
    closer = keras.ops.image.affine_transform(
        faces[..., np.newaxis].astype(np.float32),
        transform,
        interpolation="bilinear",
        fill_mode="nearest",
        data_format="channels_last",
    )
    upright = [faces, keras.ops.convert_to_numpy(closer)[..., 0]]
    return upright + [view[:, :, ::-1] for view in upright]


def predict_logits(model: Any, faces: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels, N at least 1 -> (N, 7) float32 logits."""
    # Not model.predict: the end of its tf.data pipeline waits up to as long again as it worked.
    batches = [faces[start : start + BATCH_SIZE] for start in range(0, len(faces), BATCH_SIZE)]
    return np.concatenate([model.predict_on_batch(batch) for batch in batches])
