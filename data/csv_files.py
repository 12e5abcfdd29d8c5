"""Reading FER2013 from every form of CSV that it comes in, with each value checked and no row dropped.

Which columns are there decides, not their order or case: pixels or feature, label or emotion, id, Usage. Any
other column, such as an index, is ignored. pandas reads the file as text, and NumPy decodes the pixels. Only
what it cannot decode is looked at value by value, to name the row and the fault.
One fault goes unnoticed: a file that was cut off inside its very last number.
"""

import gzip
import math
import os
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from data import IMAGE_SIZE, NUM_PIXELS, InputError
from data.faces import Faces
from data.labels import CLASS_OF_NAME, USAGE_OF_NAME, class_meanings, key, label_indices
from data.pictures import ENDINGS

# The columns by what they hold, and their names in any case.
COLUMNS = {
    "pixels": ("pixels", "feature", "pixel", "features", "image"),
    "label": ("emotion", "label", "labels", "class", "emotions", "expression", "target", "y"),
    "id": ("id", "ids", "image_id"),
    "usage": ("usage", "split", "subset"),
}
# What the text of a value has to be. '+5', '5.0' and '1e2' are not what any FER2013 file holds.
VALUES = {
    "id": ("[0-9]{1,18}", "a whole number"),
    "name": (".+", "a name"),
    "votes": ("[0-9]{1,2}", "a number of votes"),
    "usage": ("(?i:" + "|".join(USAGE_OF_NAME) + ")", "one of Training, PublicTest, PrivateTest"),
}
WORD = re.compile(r"[^\t-\r ]+")
GREY_LEVEL = re.compile("[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]")
# NumPy would take +25, a broken 125, for 25, and 0025, a broken 0 and 25.
GREY_LEVELS = re.compile(r"[0-9\t-\r ]*[0-9][\t-\r ]*")
FOUR_DIGITS = re.compile("0[0-9]{3}")
# What ends whole numbers that were written as decimals.
FRACTION = r"\.0*(?!\d)"
# Lists of Python or JSON become numbers with blanks between them.
LIST_SIGNS = str.maketrans("[](),;\r\n", " " * 8)
# What reading a broken or cut archive raises, beside an OSError without a number.
BROKEN = (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError)
# Files of other kinds: where which bytes are, what such a file is, and what to do.
AS_CSV = "save its table as a CSV in UTF-8"
UNPACK = "unpack it and give what it holds"
TO_IMAGES = "give it to predict.py --images, or its folder to --data"
AS_NPZ = "save its arrays as .npz: numpy.savez(file, images=images, labels=labels)"
FOREIGN = (
    (0, (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*", b"MM\0*"), "a picture", TO_IMAGES),
    (4, (b"ftyp",), "a picture or film of a phone", f"save it as PNG and {TO_IMAGES}"),
    (0, (b"Rar!", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"), "an archive", UNPACK),
    (257, (b"ustar",), "a tar archive", UNPACK),
    (0, (b"\x93NUMPY", b"\x89HDF", b"MATLAB"), "a file of arrays", AS_NPZ),
    (0, (b"\x80",), "a pickle, which can carry code", AS_NPZ),
    (0, (b"\xd0\xcf\x11\xe0",), "an Excel file", AS_CSV),
    (0, (b"\xff\xfe", b"\xfe\xff"), "a text in UTF-16", AS_CSV),
    (0, (b"PAR1", b"SQLite", b"%PDF", b"{", b"["), "no table of text", AS_CSV),
    (0, (b"<",), "a web page, not the file that it offers", "download that, logged in where it is needed"),
)
ROWS_PER_BLOCK = 16
AGAIN = "download or copy the file again"


def read_csv(path: str | os.PathLike[str], classes: Sequence[str] = ()) -> Faces:
    """Read the faces of a CSV, plain, compressed or in a zip; labels, usage, ids are None without a column.

    classes: what labels mean, as for labels.class_meanings. Raises OSError, and InputError, one line with
    file, row and fault, for whatever is not exactly such a file. Rows are lines of the file; the header is
    row 1.
    """
    return faces_of_table(Path(path), _read_texts(Path(path)), classes)


def faces_of_table(path: Path, table: pd.DataFrame, classes: Sequence[str]) -> Faces:
    """The faces of a table of texts, whose first row is the header and whose index is the row in the file."""
    columns = columns_of_table(path, table, class_meanings(classes, numbers=True), "pixels")
    images = columns["pixels"].reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return Faces(images, columns.get("label"), columns.get("usage"), columns.get("id"), source=str(path))


def read_labels(
    path: str | os.PathLike[str], names: bool = False, classes: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Read an `id,label` CSV, the form of a Kaggle submission: ids (N,) int64, labels (N,) int64.

    names: ids are (N,) str, the names of pictures. Raises as read_csv does.
    """
    meanings = class_meanings(classes, numbers=True)
    columns = columns_of_table(Path(path), _read_texts(Path(path)), meanings, "id", "label", names=names)
    return columns["id"], columns["label"]


def read_votes(path: str | os.PathLike[str]) -> pd.DataFrame | None:
    """The columns of FER+'s fer2013new.csv in lower case, votes as numbers; None if it is another file."""
    table = _read_texts(Path(path))
    names = [key(name) for name in table.iloc[0]]
    if not {"usage", "contempt", "unknown", "nf"} <= set(names):
        return None
    table = table.set_axis(names, axis=1).iloc[1:]
    votes = [name for name in names if name in CLASS_OF_NAME or name in ("contempt", "unknown", "nf")]
    usage = {"usage": _decode(Path(path), table["usage"], "usage").astype(int)}
    return pd.DataFrame(usage | {name: _decode(Path(path), table[name], "votes") for name in votes})


def columns_of_table(
    path: Path, table: pd.DataFrame, meanings: Mapping[str, int], *needed: str, names: bool = False
) -> dict[str, np.ndarray]:
    """The values of all COLUMNS that a table as in faces_of_table() has.

    meanings: of labels, as class_meanings() gives them. names: ids are names, not whole numbers.
    Raises InputError for a fault in them, or where one of `needed` is missing.
    """
    header = [key(name) for name in table.iloc[0]]
    places = _places(path, header, needed)
    if len(table) == 1:
        raise InputError(f"{path}: has a header but no rows; {AGAIN}")
    columns = {
        kind: _decode(path, table[place].iloc[1:], "name" if names and kind == "id" else kind, meanings)
        for kind, place in places.items()
    }
    repeated = pd.Series(columns.get("id", [])).duplicated()
    if repeated.any():
        row, value = table.index[repeated.idxmax() + 1], columns["id"][repeated.idxmax()]
        raise InputError(f"{path}: row {row}: id {value} is repeated; give each row its own id")
    return columns


def _read_texts(path: Path) -> pd.DataFrame:
    """The fields of all rows as text, the header among them; the index is the row in the file."""
    # Bytes that are not UTF-8 become a character that no value has, so that their row is named.
    lines = {"header": None, "skip_blank_lines": False, "encoding_errors": "replace"}
    fields = {"dtype": object, "na_filter": False, "skipinitialspace": True}
    try:
        with _open(path) as file:
            _refuse_foreign(path, file.read(512))
            file.seek(0)
            first = file.readline()
            file.seek(0)
            separator = max(",", ";", "\t", key=lambda sign: first.count(sign.encode()))
            table = pd.read_csv(file, sep=separator, **lines, **fields)
        table.index += 1
        is_blank = (table == "").all(axis=1)
        rows = table[~is_blank]
        # Blank lines may end the file, and stand between all rows, as Python's csv writes them on Windows.
        if is_blank[: rows.index.max()].any() and is_blank.sum() < len(rows) - 1:
            raise _fault(path, is_blank.idxmax(), "is blank, but rows follow")
        return rows
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: row 1: is empty; {AGAIN}") from None
    except pd.errors.ParserError as error:
        if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error)):
            problem = f"row {found[2]}: has {found[3]} fields, not {found[1]}"
            raise InputError(f"{path}: {problem}; quote values that hold commas, or {AGAIN}") from None
        raise InputError(f"{path}: is not a CSV ({str(error).strip()}); {AGAIN}") from None
    except (*BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise InputError(f"{path}: is a broken or cut archive ({error}); {AGAIN}") from None


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    """The unpacked bytes of a file. Its content counts: browsers save Kaggle's train.csv.zip as train.csv."""
    with path.open("rb") as file:
        start = file.read(2)
    if start == b"PK":
        return _open_member(path)
    return gzip.open(path) if start == b"\x1f\x8b" else path.open("rb")


def _refuse_foreign(path: Path, start: bytes) -> None:
    for place, signs, what, way_out in FOREIGN:
        if start[place:].startswith(signs):
            raise InputError(f"{path}: is {what}; {way_out}")


def _open_member(path: Path) -> IO[bytes]:
    """The one CSV in a zip."""
    archive = zipfile.ZipFile(path)
    if "[Content_Types].xml" in archive.namelist():
        raise InputError(f"{path}: is an Excel file; {AS_CSV}")
    # On a Mac, archives hold a second file __MACOSX/._NAME for each.
    names = [name for name in archive.namelist() if name.lower().endswith(".csv") and "__MACOSX/" not in name]
    if len(names) != 1:
        held = f"holds {len(names)} CSV files, not one, and no pictures"
        raise InputError(f"{path}: {held}; unpack it and give the one to read")
    return archive.open(names[0])


def _places(path: Path, header: list[str], needed: Sequence[str]) -> dict[str, int]:
    """The place of each of the COLUMNS that the file has."""
    places = {}
    for kind, names in COLUMNS.items():
        found = [header.index(name) for name in names if name in header]
        if found:
            places[kind] = found[0]
        elif kind in needed:
            wanted = "label,feature" if "pixels" in needed else "id,label"
            held = _shown(",".join(header), 60)
            problem = f"has no column {' or '.join(names[:2])}, but {held}"
            raise InputError(f"{path}: row 1: {problem}; give a CSV with the header {wanted}")
    return places


def _decode(
    path: Path, texts: pd.Series, kind: str, meanings: Mapping[str, int] = CLASS_OF_NAME
) -> np.ndarray:
    """(N, 2304) uint8 grey levels, or (N,) labels, indices into USAGE_NAMES, ids, names or votes."""
    if kind == "pixels":
        starts = range(0, max(len(texts), 1), ROWS_PER_BLOCK)
        return np.concatenate([_decode_block(path, texts.iloc[start:][:ROWS_PER_BLOCK]) for start in starts])
    texts = texts.str.strip()
    if kind == "label":
        return label_indices(texts, meanings, path)
    pattern, wanted = VALUES[kind]
    is_known = texts.str.fullmatch(pattern)
    if not is_known.all():
        row = is_known.idxmin()
        raise _fault(path, row, f"{kind} is {_shown(texts[row])}, not {wanted}")
    if kind == "usage":
        return texts.map(key).map(USAGE_OF_NAME).to_numpy(np.uint8)
    return texts.to_numpy(str if kind == "name" else np.int64)


def _decode_block(path: Path, texts: pd.Series) -> np.ndarray:
    """(N, 2304) uint8 of N texts of grey levels. Raises InputError, which names the first fault."""
    levels = _grey_levels(texts.tolist())
    if levels is not None:
        return levels
    texts = texts.str.replace(r"np\.\w+\(", "(", regex=True).str.translate(LIST_SIGNS)
    is_whole = texts.str.count(FRACTION) == NUM_PIXELS
    texts = texts.mask(is_whole, texts.str.replace(FRACTION, "", regex=True))
    levels = _grey_levels(texts.tolist())
    if levels is not None:
        return levels
    for row, text in texts.items():
        numbers = WORD.findall(text)
        if len(numbers) != NUM_PIXELS:
            if text.lower().endswith(ENDINGS):
                held = "names a picture, instead of its pixels"
                raise InputError(f"{path}: row {row}: {held}; give class folders of these pictures")
            side = math.isqrt(len(numbers))
            if side > 1 and side**2 == len(numbers):
                size, other = f"{side}x{side}", "give faces of other sizes as pictures in class folders"
                raise InputError(f"{path}: row {row}: has {side**2} pixels, {size}, not 48x48; {other}")
            raise _fault(path, row, f"has {len(numbers)} pixels, not {NUM_PIXELS}")
        for place, number in enumerate(numbers, start=1):
            if not GREY_LEVEL.fullmatch(number):
                raise _fault(path, row, f"pixel {place} is {_shown(number)}, no whole number from 0 to 255")
    raise AssertionError("whatever has no fault is decoded")


def _grey_levels(texts: list[str]) -> np.ndarray | None:
    """(N, 2304) uint8 of N texts of as many numbers with blanks between them; None if anything is wrong."""
    if not all(map(GREY_LEVELS.fullmatch, texts)) or any(map(FOUR_DIGITS.search, texts)):
        return None
    try:  # since NumPy 2, 256 is refused
        levels = np.loadtxt(texts, np.uint8, comments=None, ndmin=2)
    except ValueError:
        return None
    return levels if levels.shape == (len(texts), NUM_PIXELS) else None


def _fault(path: Path, row: object, what: str) -> InputError:
    return InputError(f"{path}: row {row}: {what}; fix this row, or {AGAIN}")


def _shown(text: str, length: int = 20) -> str:
    """The text as a short, printable, quoted one."""
    return ascii(text if len(text) <= length else text[:length] + "...")
