"""Predict with weight files, for scripts that import TensorFlow only after all input is checked."""

from collections.abc import Sequence

import numpy as np

from models.weights_file import WeightsFile, load_network


def predict_with_files(weights: Sequence[WeightsFile], faces: np.ndarray, tta: bool) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) probabilities, the mean over the networks of all files.

    tta: see each face from four views. Raises InputError when a file does not fit its network.
    """
    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow()
    from models.prediction import predict_probabilities

    return predict_probabilities([load_network(each) for each in weights], faces, tta)
