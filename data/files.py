"""Files that hold a data set, told by their first bytes: CSV, a zip of class folders, .npz and Parquet."""

import io
import json
import math
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from data import USAGE_NAMES, InputError
from data.csv_files import AGAIN, AS_NPZ, BROKEN, COLUMNS, columns_of_table, faces_of_table, read_csv
from data.faces import Faces
from data.folders import read_folder
from data.labels import class_meanings, key
from data.pictures import ENDINGS, eight_bits, largest_faces


def read_file(path: Path, classes: Sequence[str], how: str | None, only_test: bool) -> Faces:
    """Read a file of faces; arguments as for faces.read_faces. Raises OSError and InputError."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return _read_parquet(path, classes, how)
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                members = [each for each in archive.infolist() if "__MACOSX/" not in each.filename]
                for member in members:  # older versions of PowerShell write Windows' strokes
                    member.filename = member.filename.replace("\\", "/")
                names = [member.filename for member in members]
                if all(name.endswith(".npy") for name in names):
                    return _read_npz(path, classes, how)
                # A table of pixels may have previews beside it, and pictures a table of their names.
                tables, pictures = (
                    sum(each.file_size for each in members if each.filename.lower().endswith(ending))
                    for ending in (".csv", ENDINGS)
                )
                if pictures > tables and "[Content_Types].xml" not in names:
                    with tempfile.TemporaryDirectory() as folder:
                        archive.extractall(folder, members)
                        try:
                            return read_folder(Path(folder), classes, how, only_test, str(path))
                        except InputError as error:
                            raise InputError(str(error).replace(folder, str(path))) from None
        except BROKEN as error:
            raise InputError(f"{path}: is a broken or cut archive ({error}); {AGAIN}") from None
    return read_csv(path, classes)


def _read_npz(path: Path, classes: Sequence[str], how: str | None) -> Faces:
    """The faces of a file with the arrays images, labels or not, and usage or not."""
    try:
        with np.load(path) as stored:
            arrays = {key(name): stored[name] for name in stored.files}
    except ValueError as error:  # arrays of Python's objects, which can carry code
        raise InputError(f"{path}: cannot be read ({error}); save numbers, or texts by astype(str)") from None
    images: Any = next((arrays[name] for name in ("images", "faces", "x") if name in arrays), np.empty(()))
    columns = {name: values for name, values in arrays.items() if name in sum(COLUMNS.values(), ())}
    if images.ndim == 2 and (side := math.isqrt(images.shape[1])) ** 2 == images.shape[1]:
        images = images.reshape(-1, side, side)
    if images.ndim == 4 and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, -1)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    is_picture = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] in (3, 4))
    is_whole = is_picture and images.size and images.dtype.kind in "biuf"
    if not is_whole or any(values.shape != images.shape[:1] for values in columns.values()):
        held = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"{path}: needs images (N, 48, 48) and labels (N,), but has {held}; {AS_NPZ}")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 65535):
        raise InputError(f"{path}: has levels from {low} to {high}; save grey levels from 0 to 255")
    images = images if images.dtype == np.uint8 else eight_bits(images)
    pictures = [Image.fromarray(image).convert("L") for image in images]
    frame = pd.DataFrame({name: values.astype(str) for name, values in columns.items()})
    if not classes and any(columns[name].dtype.kind in "iuf" for name in COLUMNS["label"] if name in columns):
        print(f"note: {path}: labels from 0 to 6 are FER2013's, angry to neutral; --classes says otherwise")
    numbers = dict(zip("012", USAGE_NAMES, strict=True))
    frame = frame.replace(dict.fromkeys(COLUMNS["usage"], numbers))
    return _faces(path, pictures, frame, class_meanings(classes, numbers=True), how)


def _read_parquet(path: Path, classes: Sequence[str], how: str | None) -> Faces:
    """The faces of a file in the form of Hugging Face, pictures with labels, or with the columns of a CSV."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise InputError(f"{path}: is a Parquet file; pip install pyarrow, which reads it") from None
    try:
        table = parquet.ParquetFile(path).read()
    except (ValueError, OSError) as error:  # pyarrow raises subclasses of both
        raise InputError(f"{path}: is a broken or cut Parquet file ({error}); {AGAIN}") from None
    frame = table.to_pandas()
    label = next((name for name in frame if key(str(name)) in COLUMNS["label"]), None)
    try:
        about = json.loads((table.schema.metadata or {})[b"huggingface"])
        names = dict(enumerate(about["info"]["features"][label]["names"]))
        frame[label] = frame[label].map(names)
        if frame[label].isna().all():  # they are -1 where the labels are kept secret
            frame = frame.drop(columns=label)
    except (ValueError, LookupError, TypeError):
        pass  # there are no names
    first = {name: frame[name].iloc[0] for name in frame} if len(frame) else {}
    # Hugging Face stores a picture as its bytes and the path that it had.
    columns = [name for name, value in first.items() if isinstance(value, bytes) or _is_stored(value)]
    if not columns:
        return faces_of_table(path, _texts(frame), classes)
    values = [value["bytes"] if _is_stored(value) else value for value in frame[columns[0]]]
    # Without names, numbers may be in any order, mostly that of the alphabet.
    meanings = class_meanings(classes, numbers=False)
    return _faces(path, [io.BytesIO(value) for value in values], frame.drop(columns=columns), meanings, how)


def _is_stored(value: object) -> bool:
    return isinstance(value, dict) and "bytes" in value


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of texts, as faces_of_table() takes it, of one of other values. Its rows count from 0."""
    texts = frame.map(lambda value: value if isinstance(value, str) else " ".join(map(str, np.ravel(value))))
    header = pd.DataFrame([frame.columns.astype(str)], columns=frame.columns)
    table = pd.concat([header, texts]).set_axis(range(frame.shape[1]), axis=1)
    return table.set_axis(range(-1, len(table) - 1), axis=0)


def _faces(
    path: Path, pictures: list[Any], frame: pd.DataFrame, meanings: dict[str, int], how: str | None
) -> Faces:
    """The faces of N pictures. frame: a row for each; by COLUMNS, what else is known of it."""
    are_numbers = frame.filter(items=COLUMNS["id"]).astype(str).map(str.isdecimal).all(axis=None)
    values = columns_of_table(path, _texts(frame), meanings, names=not are_numbers) if frame.shape[1] else {}
    names = [f"row {row}" for row in range(len(pictures))]
    images, kept = largest_faces(pictures, names, how, str(path))
    labels, usage, ids = (values[kind][kept] if kind in values else None for kind in ("label", "usage", "id"))
    return Faces(images, labels, usage, ids, source=str(path), rows=kept)
