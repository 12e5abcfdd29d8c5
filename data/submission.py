"""Writing predictions as the CSV that Kaggle takes."""

import os

import numpy as np

from data.atomic import atomic_path


def write_submission(path: str | os.PathLike[str], ids: np.ndarray, labels: np.ndarray) -> None:
    """Write `id,label` rows in the order given: ids (N,) int, labels (N,) indices into CLASS_NAMES.

    Raises InputError when the file cannot be written, and then leaves what was there before.
    """
    if len(ids) != len(labels):
        raise ValueError(f"{len(ids)} ids but {len(labels)} labels")
    rows = [f"{int(row)},{int(label)}" for row, label in zip(ids, labels, strict=True)]
    with atomic_path(path) as temporary:
        temporary.write_bytes(("\n".join(["id,label", *rows]) + "\n").encode())
