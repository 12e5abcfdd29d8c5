"""The real faces that activate each filter most, to judge its maximising picture by.

They are the data set examples of Olah et al. 2017. The measure is that of
activation_maximisation.py, the mean activation.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.activation_maximisation import response_network
from data.dataset import IMAGE_SIZE, Dataset
from models.progress import Progress, silent

BATCH_SIZE = 64
# The best face is sought among so many, spread evenly over the data.
COMPARED_FACES = 1000
# A face counts as better only if the three digits that are shown can differ.
TIE = 0.001


@dataclass(frozen=True)
class FilterExamples:
    """For each of F filters the N faces that activate it most, the best first.

    faces: (F, N) int, their positions among the faces given.
    activations: (F, N) float32, mean activations.
    places: (F, N, 2) float, row and column in the face of the highest output; None for a dense layer.
    """

    faces: np.ndarray
    activations: np.ndarray
    places: np.ndarray | None

    @property
    def best(self) -> np.ndarray:
        """(F,) float32, the mean activation by the best face of each filter."""
        return self.activations[:, 0]

    def better_than(self, reached: np.ndarray) -> np.ndarray:
        """(F,) float: the activation of each filter's best face, NaN where a picture `reached` as much."""
        return np.where(self.best > reached * (1 + TIE), self.best, np.nan)


def compared_faces(faces: Dataset) -> Dataset:
    """Up to 1,000 of the faces, spread evenly over the data."""
    count = min(len(faces), COMPARED_FACES)
    return faces.select(np.linspace(0, len(faces) - 1, count).astype(int))


def strongest_faces(
    network: Any, layer_name: str, faces: np.ndarray, count: int, progress: Progress = silent
) -> FilterExamples:
    """Find the `count` faces, or all if there are fewer, of (M, 48, 48) grey levels with most activation.

    network: a keras.Model of (N, 48, 48) grey levels. Raises InputError when it has no such layer.
    """
    responses, rectified = response_network(network, layer_name)
    task = "measuring faces"
    progress(task, 0, len(faces))
    means, peaks = [], []
    for start in range(0, len(faces), BATCH_SIZE):
        maps = responses.predict_on_batch(faces[start : start + BATCH_SIZE])
        maps = maps.reshape(len(maps), -1, maps.shape[-1])
        means.append((np.maximum(maps, 0) if rectified else maps).mean(axis=1))
        peaks.append(maps.argmax(axis=1))
        progress(task, start + len(maps), len(faces))
    activations, highest = np.concatenate(means).T, np.concatenate(peaks).T
    # Stable, so that equally strong faces keep their order.
    chosen = np.argsort(-activations, axis=1, kind="stable")[:, :count]
    places = None
    if len(responses.output.shape) == 4:
        height, width = responses.output.shape[1:3]
        cells = np.stack(np.divmod(np.take_along_axis(highest, chosen, axis=1), width), axis=-1)
        places = (cells + 0.5) * IMAGE_SIZE / (height, width) - 0.5
    return FilterExamples(chosen, np.take_along_axis(activations, chosen, axis=1), places)
