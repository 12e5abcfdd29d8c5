"""Reading FER2013 from every form of CSV that it comes in, with each value checked and no row dropped.

Which columns are there decides, not their order or case: pixels or feature, label or emotion, id, Usage. Any
other column, such as an index, is ignored. pandas reads the file as text, and NumPy decodes the pixels. Only
what it cannot decode is looked at value by value, to name the row and the fault.
One fault goes unnoticed: a file that was cut off inside its very last number.
"""

import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from data import IMAGE_SIZE, NUM_PIXELS, USAGE_NAMES, InputError
from data.faces import Faces

# The columns by what they hold, and their names in any case.
COLUMNS = {"pixels": ("pixels", "feature"), "label": ("label", "emotion"), "id": ("id",), "usage": ("usage",)}
# What the text of a value has to be. '+5', '5.0' and '1e2' are not what any FER2013 file holds.
VALUES = {
    "label": ("[0-6]", "a label from 0 to 6"),
    "id": ("[0-9]{1,18}", "a whole number"),
    "name": (".+", "a name"),
    "usage": ("|".join(USAGE_NAMES), f"one of {', '.join(USAGE_NAMES)}"),
}
WORD = re.compile(r"[^\t-\r ]+")
GREY_LEVEL = re.compile("[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]")
ROWS_PER_BLOCK = 16
AGAIN = "download or copy the file again"


def read_csv(path: str | os.PathLike[str]) -> Faces:
    """Read the faces of a CSV, plain, .gz or .zip. Labels, usage and ids are None if it has no such column.

    Raises OSError, and InputError, one line with file, row and fault, for whatever is not exactly such a
    file. Rows are lines of the file; the header is row 1.
    """
    columns = _read_columns(Path(path), ("pixels",))
    images = columns["pixels"].reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return Faces(images, columns.get("label"), columns.get("usage"), columns.get("id"), source=str(path))


def read_labels(path: str | os.PathLike[str], names: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Read an `id,label` CSV, the form of a Kaggle submission: ids (N,) int64, labels (N,) int64.

    names: ids are (N,) str, the names of pictures. Raises as read_csv does.
    """
    columns = _read_columns(Path(path), ("id", "label"), names)
    return columns["id"], columns["label"]


def _read_columns(path: Path, needed: Sequence[str], names: bool = False) -> dict[str, np.ndarray]:
    """The values of all COLUMNS that the file has."""
    table = _read_texts(path)
    places = _read_header(path, table.iloc[0].tolist(), needed)
    if len(table) == 1:
        raise InputError(f"{path}: has a header but no rows; {AGAIN}")
    columns = {
        kind: _decode(path, table[place].iloc[1:], "name" if names and kind == "id" else kind)
        for kind, place in places.items()
    }
    repeated = pd.Series(columns.get("id", [])).duplicated()
    if repeated.any():
        row, value = repeated.idxmax(), columns["id"][repeated.idxmax()]
        raise InputError(f"{path}: row {row + 2}: id {value} is repeated; give each row its own id")
    return columns


def _read_texts(path: Path) -> pd.DataFrame:
    """The fields of all rows as text, the header among them; the index is the row in the file."""
    # Bytes that are not UTF-8 become a character that no value has, so that their row is named.
    lines = {"header": None, "skip_blank_lines": False, "encoding_errors": "replace"}
    fields = {"dtype": object, "na_filter": False, "skipinitialspace": True}
    try:
        with _open(path) as file:
            table = pd.read_csv(file, **lines, **fields)
        table.index += 1
        is_blank = (table == "").all(axis=1)
        rows = table[~is_blank]
        if is_blank[: rows.index.max()].any():  # blank lines may end the file
            raise _fault(path, is_blank.idxmax(), "is blank, but rows follow")
        return rows
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: row 1: is empty; {AGAIN}") from None
    except pd.errors.ParserError as error:
        if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error)):
            raise _fault(path, found[2], f"has {found[3]} fields, not {found[1]}") from None
        raise InputError(f"{path}: is not a CSV ({str(error).strip()}); {AGAIN}") from None
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError) as error:
        raise InputError(f"{path}: is a broken or cut archive ({error}); {AGAIN}") from None


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    """The unpacked bytes of a file. Its content counts: browsers save Kaggle's train.csv.zip as train.csv."""
    with path.open("rb") as file:
        start = file.read(2)
    if start == b"\x1f\x8b":
        return gzip.open(path)
    if start != b"PK":
        return path.open("rb")
    archive = zipfile.ZipFile(path)
    # On a Mac, archives hold a second file __MACOSX/._NAME for each.
    names = [name for name in archive.namelist() if name.endswith(".csv") and "__MACOSX/" not in name]
    if len(names) != 1:
        raise InputError(f"{path}: holds {len(names)} CSV files, not one; unpack it and give the one to read")
    return archive.open(names[0])


def _read_header(path: Path, header: list[str], needed: Sequence[str]) -> dict[str, int]:
    """The place of each of the COLUMNS that the file has."""
    places = {}
    for kind, names in COLUMNS.items():
        found = [place for place, name in enumerate(header) if name.strip().lower() in names]
        if found:
            places[kind] = found[0]
        elif kind in needed:
            wanted = "faces, such as train.csv" if "pixels" in needed else "labels with the header id,label"
            held = _shown(",".join(header), 60)
            problem = f"has no column {' or '.join(names)}, but {held}"
            raise InputError(f"{path}: row 1: {problem}; give a CSV of {wanted}")
    return places


def _decode(path: Path, texts: pd.Series, kind: str) -> np.ndarray:
    """(N, 2304) uint8 grey levels, or (N,) labels, indices into USAGE_NAMES, ids or names."""
    if kind == "pixels":
        starts = range(0, max(len(texts), 1), ROWS_PER_BLOCK)
        return np.concatenate([_decode_block(path, texts.iloc[start:][:ROWS_PER_BLOCK]) for start in starts])
    texts = texts.str.strip()
    pattern, wanted = VALUES[kind]
    is_known = texts.str.fullmatch(pattern)
    if not is_known.all():
        row = is_known.idxmin()
        raise _fault(path, row, f"{kind} is {_shown(texts[row])}, not {wanted}")
    if kind == "usage":
        return texts.map(USAGE_NAMES.index).to_numpy(np.uint8)
    return texts.to_numpy(str if kind == "name" else np.int64)


def _decode_block(path: Path, texts: pd.Series) -> np.ndarray:
    """(N, 2304) uint8 of N texts of grey levels. Raises InputError, which names the first fault."""
    levels = _grey_levels(texts.tolist())
    if levels is not None:
        return levels
    for row, text in texts.items():
        numbers = WORD.findall(text)
        if len(numbers) != NUM_PIXELS:
            raise _fault(path, row, f"has {len(numbers)} pixels, not {NUM_PIXELS}")
        for place, number in enumerate(numbers, start=1):
            if not GREY_LEVEL.fullmatch(number):
                raise _fault(path, row, f"pixel {place} is {_shown(number)}, not a number from 0 to 255")
    raise AssertionError("whatever has no fault is decoded")


def _grey_levels(texts: list[str]) -> np.ndarray | None:
    """(N, 2304) uint8 of N texts of as many numbers with blanks between them; None if anything is wrong.

    All numbers are made of their digits at once, in half of the time that NumPy's own parser takes.
    """
    characters = np.frombuffer(f"  {' '.join(texts)} ".encode(), np.uint8)
    digits = characters - ord("0")  # what is below 0 becomes more than 9
    is_digit, is_blank = digits < 10, (characters == ord(" ")) | (characters - ord("\t") < 5)
    hundreds, tens, ones = (is_digit[place : len(digits) - 3 + place] for place in range(3))
    digits = (digits * is_digit).astype(np.uint16)
    numbers = 10 * (10 * (digits[:-3] * tens) + digits[1:-2]) + digits[2:-1]
    ends = np.flatnonzero(ones & is_blank[3:])
    levels, ends_of_texts = numbers.take(ends), np.cumsum([len(text) + 1 for text in texts])
    if (
        (is_digit | is_blank).all()
        and (np.searchsorted(ends, ends_of_texts) == NUM_PIXELS * np.arange(1, len(texts) + 1)).all()
        and not (hundreds & tens & ones & is_digit[3:]).any()
        and levels.max() <= 255
    ):
        return levels.astype(np.uint8).reshape(-1, NUM_PIXELS)
    return None


def _fault(path: Path, row: object, what: str) -> InputError:
    return InputError(f"{path}: row {row}: {what}; fix this row, or {AGAIN}")


def _shown(text: str, length: int = 20) -> str:
    """The text as a short, printable, quoted one."""
    return ascii(text if len(text) <= length else text[:length] + "...")
