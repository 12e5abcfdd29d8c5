"""Class probabilities of faces as a CSV, which --teacher of the training scripts reads again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from data.dataset import CLASS_NAMES
from data.errors import InputError
from data.files import require_file

# By how much seven probabilities of six decimals may miss a sum of 1.
ROUNDING = 1e-4


def probabilities_text(
    ids: np.ndarray, hashes: np.ndarray, seen: np.ndarray, probabilities: np.ndarray
) -> str:
    """`id,hash,seen,angry,...,neutral` rows with six decimals.

    ids: (N,). hashes: (N,) uint64 of image_hashes, written as 16 hexadecimal digits. seen: (N,) bool, whether
    any of the networks was trained on the face. probabilities: (N, 7).
    """
    table = pd.DataFrame(probabilities, columns=CLASS_NAMES)
    table.insert(0, "id", ids)
    table.insert(1, "hash", [f"{value:016x}" for value in hashes.tolist()])
    table.insert(2, "seen", seen.astype(int))
    return table.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def read_teachers(paths: Sequence[str], hashes: np.ndarray, source: str) -> np.ndarray:
    """(N, 7) probabilities that the teachers in these files give the faces of `hashes`, (N,) uint64.

    A face with several rows gets their mean. source: the file of the faces, for messages. Raises
    InputError when a file is damaged, a face has no row, or a row's networks were trained on its face: they
    would teach what they have memorised.
    """
    table = pd.concat([_read_probabilities(Path(path)) for path in paths])
    table = table[table["hash"].isin(hashes)]
    if table["seen"].any():
        row = table[table["seen"] == 1].iloc[0]
        raise InputError(
            f"{row['file']}: line {row['line']}: its networks were trained on this face of {source}, so they "
            "may not teach it; give the fold.csv of runs whose --fold left it out"
        )
    means = table.groupby("hash")[list(CLASS_NAMES)].mean()
    missing = ~np.isin(hashes, means.index.to_numpy(np.uint64))
    if missing.any():
        raise InputError(
            f"{' '.join(paths)}: no row for {missing.sum():,} of {len(hashes):,} training faces of {source}, "
            f"the first of them face {missing.argmax()} (from 0); give the files of all folds"
        )
    return means.loc[hashes].to_numpy()


def _read_probabilities(path: Path) -> pd.DataFrame:
    """What probabilities_text made, with columns `file` and `line`. Raises InputError."""
    require_file(path, "the fold.csv of a run with --fold")
    try:
        table = pd.read_csv(path, dtype={"hash": str, "seen": str}, skip_blank_lines=False)
    except (OSError, ValueError) as error:  # pandas raises subclasses of ValueError
        raise InputError(f"{path}: is not a table of probabilities ({error}); write it again") from None
    needed = ["hash", "seen", *CLASS_NAMES]
    if not set(needed) <= set(table.columns):
        raise InputError(
            f"{path}: lacks one of the columns {', '.join(needed)}; give the fold.csv of runs with --fold"
        )
    table["seen"] = pd.to_numeric(table["seen"], errors="coerce")
    numbers = table[list(CLASS_NAMES)].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    is_whole = (
        table["hash"].str.fullmatch("[0-9a-f]{16}", na=False)
        & table["seen"].isin([0, 1])
        & ((numbers >= 0) & (numbers <= 1)).all(axis=1)
        & (np.abs(numbers.sum(axis=1) - 1) < ROUNDING)
    )
    if not is_whole.all():
        line = int((~is_whole).to_numpy().argmax()) + 2  # the header is the first
        raise InputError(
            f"{path}: line {line}: is not a hash, 0 or 1, and seven probabilities that sum to 1; write the "
            "file again"
        )
    table[list(CLASS_NAMES)] = numbers
    table["hash"] = np.array([int(digits, 16) for digits in table["hash"]], np.uint64)
    return table.assign(file=str(path), line=np.arange(len(table)) + 2)
