"""Which faces saliency maps are drawn for, and the class that each map explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data.cache import read_cached
from data.dataset import CLASS_NAMES, NUM_CLASSES, Dataset
from data.errors import InputError
from photographs.reading import Photograph, all_faces

# More columns than this do not fit into one figure.
MOST_COLUMNS = 40
# Longer names of files would run into those of the next column.
MOST_LETTERS = 20


class Row(NamedTuple):
    """A face of a data set: its position there, 0 for the first."""

    row: int

    def __str__(self) -> str:
        return f"row {self.row}"


class FoundFace(NamedTuple):
    """A face of a photograph: its number there, from 1, and its square in pixels of the photograph."""

    file: str
    face: int
    left: int
    top: int
    side: int

    def __str__(self) -> str:
        name = Path(self.file).name
        if len(name) > MOST_LETTERS:
            # The end of a name is where those of one camera differ.
            name = f"...{name[3 - MOST_LETTERS :]}"
        return f"{name}\nface {self.face}"


def faces_of_rows(path: Path, rows: Sequence[int]) -> Dataset:
    """These rows of a CSV, labelled or not. Raises InputError."""
    if len(rows) > MOST_COLUMNS:
        raise InputError(f"--rows: {len(rows)} faces do not fit into one figure; name at most {MOST_COLUMNS}")
    dataset = read_cached(path)
    missing = [row for row in rows if row >= len(dataset)]
    if missing:
        raise InputError(f"--rows: {path} has no row {missing[0]}; its rows are 0 to {len(dataset) - 1}")
    return dataset.select(np.array(rows))


def faces_of_photographs(photographs: Sequence[Photograph]) -> tuple[Dataset, list[FoundFace]]:
    """All faces of photographs, without labels, and where each is. Raises InputError."""
    places = [
        FoundFace(str(photograph.path), number, *square)
        for photograph in photographs
        for number, square in enumerate(photograph.squares, start=1)
    ]
    if len(places) > MOST_COLUMNS:
        raise InputError(
            f"--images: {len(places)} faces do not fit into one figure; name photographs with at most "
            f"{MOST_COLUMNS}"
        )
    return Dataset(all_faces(photographs), source="--images"), places


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

    place: Row or FoundFace.
    true: str, or None where the face has no label.
    predicted, explained: str, the predicted class and the one whose logit the map explains.
    probability: float, of the predicted class.
    """

    place: Row | FoundFace
    true: str | None
    predicted: str
    probability: float
    explained: str

    @property
    def wrong(self) -> bool:
        """Whether the prediction is known to be wrong."""
        return self.true not in (None, self.predicted)

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.true}" if self.true else f"{self.place}"]
        lines += [f"predicted {self.predicted}", f"probability {self.probability:.3f}"]
        if self.wrong:
            lines.append("wrong")
        if self.explained != self.predicted:
            lines.append(f"map of {self.explained}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The fields, with those of the place among them."""
        classes = {name: value for name, value in vars(self).items() if name != "place"}
        return self.place._asdict() | classes


def explain(
    faces: Dataset, probabilities: np.ndarray, choice: str, places: Sequence[FoundFace] | None = None
) -> list[ExplainedFace]:
    """Name the class that each face's map explains.

    faces: N faces.
    probabilities: (N, 7) float.
    choice: 'predicted', 'true' (needs labels) or a class name.
    places: of the N faces in photographs; None for the rows of a data set.
    """
    explained = []
    rows: list[Row | FoundFace] = [Row(int(row)) for row in faces.rows]
    for index, place in enumerate(rows if places is None else places):
        true = None if faces.labels is None else CLASS_NAMES[faces.labels[index]]
        predicted = CLASS_NAMES[probabilities[index].argmax()]
        name = {"predicted": predicted, "true": true}.get(choice, choice)
        assert name is not None
        explained.append(ExplainedFace(place, true, predicted, float(probabilities[index].max()), name))
    return explained
