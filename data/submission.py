"""Predictions as files: the CSV that Kaggle takes, and class probabilities, which --teacher reads again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data import CLASS_NAMES, USAGE_NAMES, InputError
from data.faces import Faces
from data.splits import image_hashes

# Predictions of FER2013's Training faces by networks that were not trained on them, as the model card says.
OUT_OF_FOLD = Path(__file__).resolve().parent.parent / "models" / "weights" / "out_of_fold.npz"
# By how much seven probabilities of six decimals may miss a sum of 1.
ROUNDING = 1e-4


def submission_csv(ids: np.ndarray, labels: np.ndarray) -> str:
    """`id,label` rows in the order given: ids (N,) int or str, labels (N,) indices into CLASS_NAMES."""
    return pd.DataFrame({"id": ids, "label": labels}).to_csv(index=False, lineterminator="\n")


def probabilities_csv(faces: Faces, probabilities: np.ndarray, trained_on: np.ndarray | None = None) -> str:
    """A row for each of N faces: row, id, usage, true and predicted class, and seven probabilities.

    Usage and true class are empty where they are not known (labels of -1). probabilities: (N, 7), written
    with six decimals. trained_on: (N,) bool, whether any of the networks was trained on the face; with it,
    the columns hash (16 hexadecimal digits) and trained_on are written too, as --teacher needs them.
    """
    unknown = np.full(len(faces), -1)
    columns: dict[str, Any] = {"row": faces.rows, "id": faces.rows if faces.ids is None else faces.ids}
    for name, names, values in (
        ("usage", USAGE_NAMES, faces.usage),
        ("true", CLASS_NAMES, faces.labels),
        ("predicted", CLASS_NAMES, probabilities.argmax(axis=1)),
    ):
        columns[name] = np.take([*names, ""], unknown if values is None else values)
    if trained_on is not None:
        columns["hash"] = [f"{value:016x}" for value in image_hashes(faces.images).tolist()]
        columns["trained_on"] = trained_on.astype(int)
    table = pd.DataFrame(columns | dict(zip(CLASS_NAMES, probabilities.T, strict=True)))
    return table.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def read_teachers(paths: Sequence[str], exact_hashes: np.ndarray, source: str) -> np.ndarray:
    """(N, 7) probabilities that the teachers in these files give the faces of `exact_hashes`, (N,) uint64.

    A face with several rows gets their mean. source: the file of the faces, for messages.
    Raises OSError, and InputError when a file is damaged, a face has no row, or a row's networks were trained
    on its face: they would teach what they have memorised.
    """
    means = mean_predictions(paths, exact_hashes, source)
    missing = np.isnan(means).any(axis=1)
    if missing.any():
        lacking = f"{missing.sum():,} of {len(missing):,} training faces of {source}"
        raise InputError(f"{' '.join(paths)}: no row for {lacking}; give the files of all folds")
    return means


def mean_predictions(paths: Sequence[str], exact_hashes: np.ndarray, source: str) -> np.ndarray:
    """As read_teachers, but NaN for faces without a row."""
    table = pd.concat([_read_probabilities(Path(path)) for path in paths])
    table = table[table["hash"].isin(exact_hashes)]
    if len(memorised := table[table["trained_on"] == 1]):
        row = f"{memorised['file'].iloc[0]}: row {memorised.index[0]}"
        raise InputError(f"{row}: its networks were trained on this face of {source}; give other files")
    return table.groupby("hash")[list(CLASS_NAMES)].mean().reindex(exact_hashes).to_numpy(copy=True)


def _read_probabilities(path: Path) -> pd.DataFrame:
    """What probabilities_csv made, or what ships, with the column `file`, by its row in the file."""
    needed = ["hash", "trained_on", *CLASS_NAMES]
    if path == OUT_OF_FOLD:
        with np.load(path) as stored:
            values = pd.DataFrame(stored["probabilities"].astype(float), columns=CLASS_NAMES)
            return values.assign(hash=stored["hashes"], trained_on=0, file=str(path))
    try:
        table = pd.read_csv(path, converters={"hash": lambda digits: int(digits, 16)})[needed]
        table = table.astype({"hash": np.uint64} | dict.fromkeys(needed[1:], float))
    except (ValueError, KeyError, OverflowError) as error:  # pandas raises subclasses of ValueError
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: is not the fold.csv of a run with --fold ({reason}); give one") from None
    table.index += 2  # the header is row 1
    is_whole = (table[list(CLASS_NAMES)].sum(axis=1) - 1).abs() < ROUNDING
    if not is_whole.all():
        raise InputError(f"{path}: row {is_whole.idxmin()}: does not sum to 1; write the file again")
    return table.assign(file=str(path))
