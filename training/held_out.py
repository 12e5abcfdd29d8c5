"""Choosing the labelled faces that a network has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.cache import read_cached
from data.dataset import Dataset
from data.errors import InputError
from data.labels import with_labels
from models.weights_file import WeightsFile, seen_in_training
from training.run_folder import RunFolder
from training.training_data import is_fraction

# What --validation takes: the run's own split, every labelled row, or the rows of one Usage.
PARTS = ("run", "all", "PublicTest", "PrivateTest")


@dataclass(frozen=True)
class HeldOut:
    """Labelled faces to measure on.

    images: (N, 48, 48) uint8. labels: (N,) int64. source: the file. rows: (N,) int64, where each face stands
    in the file, 0 for the first. part: which of the PARTS. seen: how many faces of the part the weights were
    trained on. left_out: whether those are left out.
    """

    images: np.ndarray
    labels: np.ndarray
    source: str
    rows: np.ndarray
    part: str
    seen: int
    left_out: bool

    def __str__(self) -> str:
        part = {"run": "validation rows of the run", "all": "labelled rows"}.get(
            self.part, f"{self.part} rows"
        )
        text = f"{len(self.rows):,} {part} of {self.source}"
        if self.seen and self.left_out:
            text += f"; left out {self.seen:,} more whose images the weights were trained on"
        elif self.seen:
            text += f"; the weights were trained on the images of {self.seen:,} of them"
        return text

    def described(self) -> str:
        """What a figure's title says of the faces."""
        part = {"run": "validation ", "all": ""}.get(self.part, f"{self.part} ")
        seen = f" ({self.seen:,} trained on)" if self.seen and not self.left_out else ""
        return f"{len(self.rows):,} {part}faces{seen}"


def held_out(
    data: Path,
    weights: Sequence[WeightsFile],
    *,
    part: str | None = None,
    labels: str | None = None,
    allow_seen: bool = False,
) -> HeldOut:
    """Read labelled faces and leave out each whose image any of `weights` was trained on.

    data: a CSV of faces. part: one of PARTS, where 'run' is the validation split of the run that the first
    weights lie in; None for PublicTest, or all rows where there is no Usage column. labels: an `id,label`
    file for data without labels; only its rows count. allow_seen: leave nothing out.
    Raises InputError, also when no face is left.
    """
    dataset = read_cached(data)
    rows = np.arange(len(dataset))
    if labels is not None:
        dataset, rows = with_labels(dataset, labels)
    all_labels = dataset.labels
    if all_labels is None:
        raise InputError(f"{dataset.source}: has no label column; give a file with one, or --labels")
    part = part or ("all" if dataset.usage is None else "PublicTest")
    if part == "run":
        rows = _validation_split(dataset, rows, weights[0])
    elif part != "all":
        rows = np.intersect1d(rows, dataset.rows_with_usage(part))
    if not len(rows):
        raise InputError(f"{dataset.source}: has no labelled {part} row; give another file or --validation")

    is_seen = seen_in_training(dataset.images[rows], weights)
    kept = rows if allow_seen else rows[~is_seen]
    if not len(kept):
        raise InputError(
            f"{dataset.source}: the weights were trained on the images of all {len(rows):,} rows ({part}); "
            "give other faces, or measure on these all the same with --allow-seen"
        )
    return HeldOut(
        images=dataset.images[kept],
        labels=all_labels[kept],
        source=dataset.source,
        rows=kept,
        part=part,
        seen=int(is_seen.sum()),
        left_out=not allow_seen,
    )


def _validation_split(dataset: Dataset, rows: np.ndarray, weights: WeightsFile) -> np.ndarray:
    """The rows that the run of `weights` was validated on."""
    run = RunFolder(str(weights.path.parent))
    if not run.record.is_file():
        raise InputError(
            f"{weights.path}: lies in no run folder that tells its validation split; choose another "
            "--validation"
        )
    record = run.read_record()
    validation, limit = (record["arguments"].get(name) for name in ("validation", "limit"))
    if validation == "PublicTest":
        return np.intersect1d(rows, dataset.rows_with_usage("PublicTest"))
    if validation is None or not is_fraction(validation):
        raise InputError(
            f"{run.path}: was trained with --validation {validation}, so it has no split of its own; choose "
            "another --validation, or give that file with --data"
        )
    if dataset.usage is not None:
        rows = dataset.rows_with_usage("Training")
    rows = rows[:limit]
    # Identical images are never on both sides of a split, so what the run did not learn from is its split.
    rows = rows[~seen_in_training(dataset.images[rows], [weights])]
    if len(rows) != record.get("validation_faces"):
        raise InputError(
            f"{dataset.source}: holds other faces than {run.path} was trained with; give that file or choose "
            "another --validation"
        )
    return rows
