"""Choosing the labelled faces that a network has not seen, and measuring on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.metrics import Scores, evaluate
from data.cache import read_cached
from data.dataset import CLASS_NAMES, USAGE_NAMES, Dataset
from data.errors import InputError
from data.labels import with_labels
from models.weights_file import WeightsFile, seen_in_training

# The choices of --validation: the run's own split, every labelled row, or the rows of one Usage.
SPLITS = ("run", "all", "PublicTest", "PrivateTest")
HAPPY = CLASS_NAMES.index("happy")


@dataclass(frozen=True)
class HeldOut:
    """Labelled faces to measure on.

    faces: Dataset, with labels.
    split: str, one of SPLITS.
    seen: int, the number of faces of the split that the weights were trained on.
    left_out: bool, whether `faces` is without those.
    """

    faces: Dataset
    split: str
    seen: int
    left_out: bool

    def __str__(self) -> str:
        name = {"run": "validation rows of the run", "all": "labelled rows"}.get(
            self.split, f"{self.split} rows"
        )
        text = f"{len(self.faces):,} {name} of {self.faces.source}"
        if self.seen and self.left_out:
            text += f"; left out {self.seen:,} more whose images the weights were trained on"
        elif self.seen:
            text += f"; the weights were trained on the images of {self.seen:,} of them"
        return text

    def described(self) -> str:
        """How the title of a figure names the faces."""
        name = {"run": "validation ", "all": ""}.get(self.split, f"{self.split} ")
        seen = f" ({self.seen:,} trained on)" if self.seen and not self.left_out else ""
        return f"{len(self.faces):,} {name}faces{seen}"

    def as_json(self) -> dict[str, Any]:
        """Which faces these are, as plain Python values."""
        return {
            "data": self.faces.source,
            "validation": self.split,
            "faces": len(self.faces),
            "seen": self.seen,
            "seen_left_out": self.left_out,
        }


def held_out(
    data: Path,
    weights: Sequence[WeightsFile],
    split_of_run: Callable[[Dataset, WeightsFile], Dataset],
    *,
    split: str | None = None,
    labels: str | None = None,
    allow_seen: bool = False,
) -> HeldOut:
    """Read labelled faces and omit each whose image any of `weights` was trained on.

    data: a CSV of faces.
    split_of_run: finds the faces of the split 'run', given all of them and the first of `weights`.
    split: one of SPLITS; None for PublicTest, or all rows where there is no Usage column.
    labels: an `id,label` file for data without labels; only its rows count.
    allow_seen: omit nothing.
    Raises InputError, also when no face is left.
    """
    faces = read_cached(data)
    if labels is not None:
        faces = with_labels(faces, labels)
    if faces.labels is None:
        raise InputError(f"{faces.source}: has no label column; give a file with one, or --labels")
    split = split or ("all" if faces.usage is None else "PublicTest")
    if split == "run":
        faces = split_of_run(faces, weights[0])
    elif split != "all":
        faces = faces.select(faces.rows_with_usage(split))
    is_seen = seen_in_training(faces.images, weights)
    if is_seen.all() and not allow_seen:
        raise InputError(
            f"{faces.source}: the weights were trained on the images of all {len(faces):,} rows ({split}); "
            "give other faces, or measure on these with --allow-seen"
        )
    kept = faces if allow_seen else faces.select(~is_seen)
    return HeldOut(kept, split, seen=int(is_seen.sum()), left_out=not allow_seen)


def evaluate_all_and_unseen(
    faces: Dataset, probabilities: np.ndarray, weights: Sequence[WeightsFile]
) -> tuple[Scores, Scores | None]:
    """Scores on N labelled faces, and on those whose image no weights were trained on; None without any.

    probabilities: (N, 7) float. Raises InputError when the faces have no labels.
    """
    labels = faces.require_labels()
    unseen = ~seen_in_training(faces.images, weights)
    return evaluate(labels, probabilities), (
        evaluate(labels[unseen], probabilities[unseen]) if unseen.any() else None
    )


def surest_happy_row(network: Any, faces: Dataset, weights: WeightsFile) -> int:
    """The index of the face that the network is most sure is happy, among `happy_rows`.

    network: a keras.Model that ends in logits. weights: the file that it was loaded from.
    """
    from models.prediction import predict_probabilities

    rows = happy_rows(faces, weights)
    return int(rows[predict_probabilities([network], faces.images[rows])[:, HAPPY].argmax()])


def happy_rows(faces: Dataset, weights: WeightsFile) -> np.ndarray:
    """Indices of faces labelled happy, in PublicTest and not seen; omits a condition that none meets."""
    rows = np.arange(len(faces))
    if faces.labels is not None:
        rows = _prefer(rows, faces.labels[rows] == HAPPY)
    if faces.usage is not None:
        rows = _prefer(rows, faces.usage[rows] == USAGE_NAMES.index("PublicTest"))
    return _prefer(rows, ~seen_in_training(faces.images[rows], [weights]))


def _prefer(rows: np.ndarray, is_met: np.ndarray) -> np.ndarray:
    """Those of `rows` whose entry in the (len(rows),) bools `is_met` is true, or all where none is."""
    return rows[is_met] if is_met.any() else rows
