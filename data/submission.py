"""Writing predictions as the CSV that Kaggle takes."""

import os

import numpy as np

from data.atomic import atomic_path


def write_submission(path: str | os.PathLike[str], ids: np.ndarray, labels: np.ndarray) -> None:
    """Write `id,label` rows in the order given: ids (N,) int or str, labels (N,) indices into CLASS_NAMES.

    Raises InputError when the file cannot be written, and then leaves what was there before.
    """
    if len(ids) != len(labels):
        raise ValueError(f"{len(ids)} ids but {len(labels)} labels")
    rows = [f"{_field(face)},{int(label)}" for face, label in zip(ids, labels, strict=True)]
    with atomic_path(path) as temporary:
        temporary.write_bytes(("\n".join(["id,label", *rows]) + "\n").encode())


def _field(face: np.int64 | np.str_) -> str:
    """An id as a field of a CSV: quoted where it is a name that has a comma or a quotation mark."""
    text = str(face)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
