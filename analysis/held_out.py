"""Choosing the labelled faces that a network has not seen, and measuring on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from analysis.metrics import Difference, Scores, compare, evaluate
from data.cache import read_cached
from data.dataset import CLASS_NAMES, USAGE_NAMES, Dataset
from data.errors import InputError
from data.labels import with_labels
from models.progress import Progress, silent
from models.seen import Seen, find_seen
from models.weights_file import WeightsFile

# The choices of --validation: the run's own split, every labelled row, or the rows of one Usage.
SPLITS = ("run", "all", "PublicTest", "PrivateTest")
# The populations that accuracies are measured on, each with a description of its faces.
ALL = "all"
WITHOUT_TWINS = "without_twins"
_POPULATION = {ALL: "all {}", WITHOUT_TWINS: "{} without twins in training"}
HAPPY = CLASS_NAMES.index("happy")


@dataclass(frozen=True)
class HeldOut:
    """Labelled faces to measure on.

    predicted: Dataset, with labels; the faces of all populations.
    populations: (N,) bools by ALL or WITHOUT_TWINS, which of `predicted` belong to each. The first is the
        one that is measured in detail.
    split: str, one of SPLITS.
    seen: Seen, which faces of the split the weights were trained on.
    left_out: bool, whether the first population is without those.
    """

    predicted: Dataset
    populations: Mapping[str, np.ndarray]
    split: str
    seen: Seen
    left_out: bool

    @property
    def population(self) -> str:
        """The name of the first population."""
        return next(iter(self.populations))

    @cached_property
    def faces(self) -> Dataset:
        """The faces of the first population, with labels."""
        return self.predicted.select(self.populations[self.population])

    def __str__(self) -> str:
        name = {"run": "validation rows of the run", "all": "labelled rows"}.get(
            self.split, f"{self.split} rows"
        )
        text = f"{len(self.faces):,} {name} of {self.faces.source}"
        count = self.seen.faces.sum()
        if count and self.left_out:
            text += f"; left out {count:,} more that the weights were trained on"
        elif count:
            text += f"; the weights were trained on {count:,} of them"
        return f"{text} ({self.seen})" if count else f"{text}; none of them is a copy of a training face"

    def described(self) -> str:
        """How the title of a figure names the faces."""
        name = {"run": "validation ", "all": ""}.get(self.split, f"{self.split} ")
        count = self.seen.faces.sum()
        seen = f" ({count:,} trained on)" if count and not self.left_out else ""
        return population_text(self.population, len(self.faces), f"{name}faces") + seen

    def as_json(self) -> dict[str, Any]:
        """Which faces these are, as plain Python values."""
        return {
            "data": self.faces.source,
            "validation": self.split,
            "faces": len(self.faces),
            "seen": int(self.seen.faces.sum()),
            "seen_by_exact_hash": int(self.seen.exact.sum()),
            "without_perceptual_hashes": list(self.seen.lacking),
            "seen_left_out": self.left_out,
            "population": self.population,
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
    """Read labelled faces, and omit those that any of `weights` was trained on, as they are or as a copy.

    data: a CSV or a folder of faces.
    split_of_run: finds the faces of the split 'run', given all of them and the first of `weights`.
    split: one of SPLITS; None for PublicTest, where there are no such rows PrivateTest, and where there is
        no Usage all rows.
    labels: an `id,label` file for data without labels; only its rows count.
    allow_seen: omit nothing.
    Raises InputError, also when no face is left.
    """
    faces = read_cached(data)
    if labels is not None:
        faces = with_labels(faces, labels)
    if faces.labels is None:
        raise InputError(f"{faces.source}: has no labels; give data that has them, or --labels")
    split = split or _default_split(faces)
    if split == "run":
        faces = split_of_run(faces, weights[0])
    elif split != "all":
        faces = faces.select(faces.rows_with_usage(split))
    seen = find_seen(faces.images, weights)
    is_seen = seen.faces
    if is_seen.all() and not allow_seen:
        raise InputError(
            f"{faces.source}: the weights were trained on the images of all {len(faces):,} rows ({split}); "
            "give other faces, or measure on these with --allow-seen"
        )
    populations = populations_of(is_seen)
    if not allow_seen:
        populations = {WITHOUT_TWINS: ~is_seen} | populations
        if is_seen.mean() > 0.5:
            # Most of these faces are training data, whose prediction would take most of the time and serve
            # nothing.
            faces, populations = faces.select(~is_seen), {WITHOUT_TWINS: np.ones((~is_seen).sum(), bool)}
    return HeldOut(faces, populations, split, seen=seen, left_out=not allow_seen)


def _default_split(faces: Dataset) -> str:
    if faces.usage is None:
        return "all"
    # A folder of pictures may have a folder test, but no validation.
    used = {USAGE_NAMES[usage] for usage in np.unique(faces.usage)}
    return "PrivateTest" if "PrivateTest" in used and "PublicTest" not in used else "PublicTest"


def populations_of(is_seen: np.ndarray) -> dict[str, np.ndarray]:
    """Which of N faces are in each population, as (N,) bools by its name; omits one without faces.

    is_seen: (N,) bool, the faces of find_seen().
    """
    populations = {ALL: np.ones_like(is_seen), WITHOUT_TWINS: ~is_seen}
    return {name: rows for name, rows in populations.items() if rows.any()}


def population_text(population: str, count: int, faces: str = "faces") -> str:
    """Name `count` faces of a population, such as '3,309 faces without twins in training'."""
    return _POPULATION[population].format(f"{count:,} {faces}")


def evaluate_populations(
    labels: np.ndarray, probabilities: np.ndarray, populations: Mapping[str, np.ndarray]
) -> dict[str, Scores]:
    """Scores of (N, 7) probabilities of faces with (N,) labels in each population of (N,) bools."""
    return {name: evaluate(labels[rows], probabilities[rows]) for name, rows in populations.items()}


def compare_populations(
    labels: np.ndarray, first: np.ndarray, second: np.ndarray, populations: Mapping[str, np.ndarray]
) -> dict[str, Difference]:
    """What compare() gives for two networks' (N, 7) probabilities in each population of (N,) bools."""
    return {name: compare(labels[rows], first[rows], second[rows]) for name, rows in populations.items()}


def surest_happy_row(network: Any, faces: Dataset, weights: WeightsFile, progress: Progress = silent) -> int:
    """The index of the most confidently happy face, among `happy_rows`.

    network: a keras.Model that ends in logits. weights: the file that it was loaded from.
    """
    from models.prediction import predict_probabilities

    rows = happy_rows(faces, weights)
    probabilities = predict_probabilities([network], faces.images[rows], progress=progress)
    return int(rows[probabilities[:, HAPPY].argmax()])


def happy_rows(faces: Dataset, weights: WeightsFile) -> np.ndarray:
    """Indices of faces labelled happy, in PublicTest and not seen; conditions that none meets are dropped."""
    rows = np.arange(len(faces))
    if faces.labels is not None:
        rows = _prefer(rows, faces.labels[rows] == HAPPY)
    if faces.usage is not None:
        rows = _prefer(rows, faces.usage[rows] == USAGE_NAMES.index("PublicTest"))
    return _prefer(rows, ~find_seen(faces.images[rows], [weights]).faces)


def _prefer(rows: np.ndarray, is_met: np.ndarray) -> np.ndarray:
    """Those of `rows` whose entry in the (len(rows),) bools `is_met` is true, or all where none is."""
    return rows[is_met] if is_met.any() else rows
