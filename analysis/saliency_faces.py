"""Which faces saliency maps are drawn for, and the class that each map explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.cache import read_cached
from data.dataset import CLASS_NAMES, NUM_CLASSES, Dataset
from data.errors import InputError

# More columns than this do not fit into one figure.
MOST_COLUMNS = 40


def faces_of_rows(path: Path, rows: Sequence[int]) -> Dataset:
    """These rows of a CSV, labelled or not. Raises InputError."""
    if len(rows) > MOST_COLUMNS:
        raise InputError(f"--rows: {len(rows)} faces do not fit into one figure; name at most {MOST_COLUMNS}")
    dataset = read_cached(path)
    missing = [row for row in rows if row >= len(dataset)]
    if missing:
        raise InputError(f"--rows: {path} has no row {missing[0]}; its rows are 0 to {len(dataset) - 1}")
    return dataset.select(np.array(rows))


def surest_faces(labels: np.ndarray, probabilities: np.ndarray, count: int) -> np.ndarray:
    """Indices, class by class, of the up to `count` faces that the network gets right with most confidence.

    Of a class without a right prediction, the one face that the network is most sure of; of a class without
    faces, none.
    labels: (N,) int.
    probabilities: (N, 7) float.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for class_index in range(NUM_CLASSES):
        faces = np.flatnonzero(labels == class_index)
        # Stable, so that equally sure faces keep the order of the file.
        faces = faces[np.argsort(-confidence[faces], kind="stable")]
        right = faces[predicted[faces] == class_index]
        chosen.append(right[:count] if len(right) else faces[:1])
    return np.concatenate(chosen)


def faces_to_check(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of up to `count` random faces of each class: one of each, then the second ones.

    labels: (N,) int.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    rounds = pd.Series(labels[shuffled]).groupby(labels[shuffled]).cumcount().to_numpy()
    order = np.lexsort((labels[shuffled], rounds))
    return shuffled[order[rounds[order] < count]]


@dataclass(frozen=True)
class ExplainedFace:
    """The classes of one face, as the title of its map names them.

    row: int, position in the file, 0 for the first.
    true: str, or None where the file has no labels.
    predicted, explained: str, the predicted class and the one whose logit the map explains.
    probability: float, of the predicted class.
    """

    row: int
    true: str | None
    predicted: str
    probability: float
    explained: str

    def __str__(self) -> str:
        lines = [f"row {self.row}: {self.true or 'no label'}", f"predicted {self.predicted}"]
        lines.append(f"probability {self.probability:.3f}")
        if self.true not in (None, self.predicted):
            lines[-1] += ", wrong"
        if self.explained != self.predicted:
            lines.append(f"map of {self.explained}")
        return "\n".join(lines)


def explain(faces: Dataset, probabilities: np.ndarray, choice: str) -> list[ExplainedFace]:
    """Name the class that each face's map explains.

    faces: N faces.
    probabilities: (N, 7) float.
    choice: 'predicted', 'true' (needs labels) or a class name.
    """
    explained = []
    for index, row in enumerate(faces.rows):
        true = None if faces.labels is None else CLASS_NAMES[faces.labels[index]]
        predicted = CLASS_NAMES[probabilities[index].argmax()]
        name = {"predicted": predicted, "true": true}.get(choice, choice)
        assert name is not None
        explained.append(ExplainedFace(int(row), true, predicted, float(probabilities[index].max()), name))
    return explained
