"""Predictions as the CSV that Kaggle takes."""

import numpy as np


def submission_text(ids: np.ndarray, labels: np.ndarray) -> str:
    """`id,label` rows in the order given: ids (N,) int or str, labels (N,) indices into CLASS_NAMES."""
    if len(ids) != len(labels):
        raise ValueError(f"{len(ids)} ids but {len(labels)} labels")
    rows = [f"{_field(face)},{int(label)}" for face, label in zip(ids, labels, strict=True)]
    return "\n".join(["id,label", *rows]) + "\n"


def _field(face: np.int64 | np.str_) -> str:
    """An id as a field of a CSV: quoted where it is a name that has a comma or a quotation mark."""
    text = str(face)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
