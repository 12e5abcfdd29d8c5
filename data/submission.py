"""Writing predictions as the CSV that Kaggle takes."""

import os

import numpy as np

from data.atomic import atomic_path
from data.dataset import CLASS_NAMES, NUM_CLASSES


def write_submission(path: str | os.PathLike[str], ids: np.ndarray, labels: np.ndarray) -> None:
    """Write `id,label` rows in the order given: ids (N,) int, labels (N,) indices into CLASS_NAMES.

    Raises InputError when the file cannot be written, and then leaves what was there before.
    """
    if len(ids) != len(labels):
        raise ValueError(f"{len(ids)} ids but {len(labels)} labels")
    rows = [f"{int(row)},{int(label)}" for row, label in zip(ids, labels, strict=True)]
    _write_lines(path, ["id,label", *rows])


def write_probabilities(path: str | os.PathLike[str], ids: np.ndarray, probabilities: np.ndarray) -> None:
    """Write `id,angry,...,neutral` rows with six decimals: ids (N,) int, probabilities (N, 7) float.

    Raises InputError when the file cannot be written, and then leaves what was there before.
    """
    if probabilities.shape != (len(ids), NUM_CLASSES):
        raise ValueError(f"{len(ids)} ids but probabilities of shape {probabilities.shape}")
    rows = [
        ",".join([str(int(row)), *(f"{value:.6f}" for value in values)])
        for row, values in zip(ids, probabilities, strict=True)
    ]
    _write_lines(path, [",".join(["id", *CLASS_NAMES]), *rows])


def _write_lines(path: str | os.PathLike[str], lines: list[str]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(("\n".join(lines) + "\n").encode())
