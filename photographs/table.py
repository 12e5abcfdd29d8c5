"""The networks' predictions for the faces in photographs, as a table for the terminal, CSV and JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from data.atomic import write_files
from data.dataset import CLASS_NAMES
from data.pictures import Square
from data.replacing import MARK
from photographs.reading import Photograph

ENDINGS = (".csv", ".json")
NO_FACE = "no face found"
COLUMNS = ("file", "face", *Square._fields, *CLASS_NAMES, "emotion")
# How its CSV files begin, by which they are known.
START = ",".join(COLUMNS) + "\n"


def face_table(photographs: Sequence[Photograph], probabilities: np.ndarray) -> pd.DataFrame:
    """A row per face, and one for each photograph without faces, whose emotion is then 'no face found'.

    Faces count from 1 in each photograph; left, top and side are of its square, in pixels.
    probabilities: (N, 7) float, of the faces of all photographs in their order.
    """
    rows, remaining = [], iter(probabilities)
    for photograph in photographs:
        for number, square in enumerate(photograph.squares, start=1):
            values = next(remaining)
            rows.append([str(photograph.path), number, *square, *values, CLASS_NAMES[values.argmax()]])
        if not photograph.squares:
            rows.append([str(photograph.path), *[None] * (len(COLUMNS) - 2), NO_FACE])
    whole_numbers = dict.fromkeys(COLUMNS[1:5], "Int64")  # which may be missing, unlike NumPy's
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(whole_numbers | dict.fromkeys(CLASS_NAMES, float))


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal, with dashes where there is no face."""
    shown = table.astype(object).where(table.notna(), "-")
    return shown.to_string(index=False, float_format="{:.3f}".format)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write the table as .csv, or as .json with a list of objects. Raises InputError."""
    if path.suffix.lower() == ".json":
        faces = json.loads(table.to_json(orient="records", double_precision=6))
        text = json.dumps({"written_by": MARK, "faces": faces}, indent=2, ensure_ascii=False) + "\n"
    else:
        text = table.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    write_files({path: text})
