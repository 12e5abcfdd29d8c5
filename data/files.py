"""Files that hold a data set, told by their first bytes: CSV, a zip of class folders, .npz and Parquet."""

import io
import json
import math
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from data import InputError
from data.csv_files import AGAIN, BROKEN, COLUMNS, faces_of_table, read_csv
from data.faces import Faces
from data.folders import read_folder
from data.labels import USAGE_OF_NAME, class_meanings, key, label_indices
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
                if any(name.endswith(".npy") for name in names):
                    return _read_npz(path, classes, how)
                is_office = "[Content_Types].xml" in names
                if not is_office and any(name.lower().endswith(ENDINGS) for name in names):
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
    images: Any
    labels: Any
    images, labels = (
        next((arrays[name] for name in names if name in arrays), np.empty(()))
        for names in (("images", "faces", "x"), ("labels", "label", "y"))
    )
    if images.ndim == 2 and (side := math.isqrt(images.shape[1])) ** 2 == images.shape[1]:
        images = images.reshape(-1, side, side)
    if images.ndim == 4 and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, -1)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    is_picture = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] in (3, 4))
    is_whole = is_picture and images.size and images.dtype.kind in "biuf"
    if not is_whole or (labels.ndim and labels.shape != images.shape[:1]):
        held = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        wanted = "needs images (N, 48, 48) and labels (N,), arrays of numbers"
        raise InputError(f"{path}: {wanted}, but has {held}; save these by numpy.savez")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 65535):
        raise InputError(f"{path}: has levels from {low} to {high}; save grey levels from 0 to 255")
    images = images if images.dtype == np.uint8 else eight_bits(images)
    pictures = [Image.fromarray(image).convert("L") for image in images]
    meanings = class_meanings(classes, numbers=True)
    faces = _faces(path, pictures, labels.astype(str) if labels.ndim else None, meanings, how)
    if "usage" not in arrays:
        return faces
    usage = pd.Series(np.ravel(arrays["usage"]).astype(str))
    indices = usage.map(key).map(USAGE_OF_NAME | {"0": 0, "1": 1, "2": 2})
    if len(usage) != len(images) or indices.isna().any():
        raise InputError(f"{path}: its array usage is not one of 0, 1, 2 for each image; save it anew")
    return replace(faces, usage=indices.to_numpy(np.uint8)[faces.rows])


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
    about = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
    features = about.get("info", {}).get("features", {})
    frame = table.to_pandas()
    label = next((name for name in frame if key(str(name)) in COLUMNS["label"]), None)
    if names := features.get(label, {}).get("names"):
        frame[label] = frame[label].map(dict(enumerate(names)))
        if frame[label].isna().all():  # they are -1 where the labels are kept secret
            frame, label = frame.drop(columns=label), None
    first = {name: frame[name].iloc[0] for name in frame} if len(frame) else {}
    # Hugging Face stores a picture as its bytes and the path that it had.
    columns = [name for name, value in first.items() if isinstance(value, bytes) or _is_stored(value)]
    if not columns:
        texts = frame.map(
            lambda value: value if isinstance(value, str) else " ".join(map(str, np.ravel(value)))
        )
        header = pd.DataFrame([frame.columns.astype(str)], columns=frame.columns)
        table = pd.concat([header, texts]).set_axis(range(frame.shape[1]), axis=1)
        return faces_of_table(path, table.set_axis(range(len(table)), axis=0), classes)
    values = [value["bytes"] if _is_stored(value) else value for value in frame[columns[0]]]
    labels = None if label is None else frame[label].to_numpy()
    # Without names, numbers may be in any order, mostly that of the alphabet.
    meanings = class_meanings(classes, numbers=False)
    return _faces(path, [io.BytesIO(value) for value in values], labels, meanings, how)


def _is_stored(value: object) -> bool:
    return isinstance(value, dict) and "bytes" in value


def _faces(
    path: Path, pictures: list[Any], labels: np.ndarray | None, meanings: dict[str, int], how: str | None
) -> Faces:
    indices = None if labels is None else label_indices(pd.Series(labels), meanings, path)
    names = [f"row {row}" for row in range(len(pictures))]
    images, kept = largest_faces(pictures, names, how, str(path))
    return Faces(images, None if indices is None else indices[kept], source=str(path), rows=kept)
