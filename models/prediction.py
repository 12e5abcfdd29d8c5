"""Class probabilities of faces, by one network or the mean of several, with or without mirror images.

Keras is imported inside the functions, because scripts check all their input before that.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from data.dataset import NUM_CLASSES
from data.errors import InputError
from models.keras_setup import set_up_tensorflow
from models.progress import Progress, silent
from models.weights_file import WeightsFile, load_network

BATCH_SIZE = 256


def predict_with_files(
    weights: Sequence[WeightsFile], faces: np.ndarray, tta: bool, progress: Progress = silent
) -> np.ndarray:
    """Set TensorFlow up, load the network of each file, and predict_probabilities.

    Raises InputError when a file does not fit its network.
    """
    set_up_tensorflow()
    return predict_probabilities([load_network(each) for each in weights], faces, tta, progress)


def predict_probabilities(
    networks: Sequence[Any], faces: np.ndarray, tta: bool = False, progress: Progress = silent
) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) float64 probabilities, the mean over networks and views.

    networks: keras.Models that end in logits. tta: test-time augmentation, each face and its mirror image,
    because its label does not depend on its side. Raises InputError when a probability is not finite.
    """
    import keras

    task = "predicting faces"
    progress(task, 0, len(faces))
    means = []
    # All networks and views of a batch before the next one, so that what is done counts in faces.
    for start in range(0, len(faces), BATCH_SIZE):
        batch = faces[start : start + BATCH_SIZE]
        views = [batch, batch[:, :, ::-1]] if tta else [batch]
        total = np.zeros((len(batch), NUM_CLASSES))
        for network in networks:
            for view in views:
                total += keras.ops.convert_to_numpy(keras.ops.softmax(network.predict_on_batch(view)))
        # Weights that are finite can still give products that are not.
        if not np.isfinite(total).all():
            raise InputError("the weights give probabilities that are not finite; train or copy them again")
        means.append(total / (len(networks) * len(views)))
        progress(task, start + len(batch), len(faces))
    return np.concatenate(means)


def predict_logits(network: Any, faces: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels, N at least 1 -> (N, 7) float32 logits."""
    # Not Keras's predict: the end of its tf.data pipeline waits up to as long again as it worked.
    batches = [faces[start : start + BATCH_SIZE] for start in range(0, len(faces), BATCH_SIZE)]
    return np.concatenate([network.predict_on_batch(batch) for batch in batches])
