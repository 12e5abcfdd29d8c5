"""A FER2013 data set in memory: read from a CSV or a folder of pictures, and found where nobody names it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from data import USAGE_NAMES, InputError

DATA_FOLDER = Path(__file__).resolve().parent
# In order of preference; to measure, files with PublicTest rows first, since networks learned train.csv.
FILE_NAMES = {
    "train": ("train.csv", "fer2013.csv", "icml_face_data.csv"),
    "measure": ("fer2013.csv", "icml_face_data.csv", "train.csv"),
    "test": ("test.csv",),
}
KAGGLE = "https://kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge"


@dataclass(frozen=True)
class Faces:
    """Faces of one file or folder.

    images: (N, 48, 48) uint8, grey levels.
    labels: (N,) int64 indices into CLASS_NAMES, or None.
    usage: (N,) uint8 indices into USAGE_NAMES, or None.
    ids: (N,) what a submission calls each face, all different: int64 Kaggle ids, or str names of pictures; or
        None.
    source: str, the name of the data in messages, usually the path of the file or folder.
    rows: (N,) int64, the position of each face in the source, 0 for the first; by default 0 to N - 1.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    usage: np.ndarray | None = None
    ids: np.ndarray | None = None
    source: str = ""
    rows: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.rows is None:
            object.__setattr__(self, "rows", np.arange(len(self.images)))

    def __len__(self) -> int:
        return len(self.images)

    def select(self, indices: np.ndarray | list[int] | slice) -> "Faces":
        """Only the faces of an index array, a boolean mask or a slice; they keep their row numbers."""
        columns = {name: getattr(self, name) for name in ("labels", "usage", "ids")}
        chosen = {name: values[indices] for name, values in columns.items() if values is not None}
        return replace(self, images=self.images[indices], rows=self.rows[indices], **chosen)

    def require_labels(self) -> np.ndarray:
        """(N,) labels; InputError when there are none."""
        if self.labels is None:
            raise InputError(f"{self.source}: has no labels; give a labelled CSV or class folders")
        return self.labels

    def of_usage(self, name: str) -> "Faces":
        """The faces of one of USAGE_NAMES; InputError if there are none."""
        faces = self.select([] if self.usage is None else self.usage == USAGE_NAMES.index(name))
        if not len(faces):
            raise InputError(f"{self.source}: has no rows with Usage {name}; give data that has")
        return faces


def read_faces(path: str | os.PathLike[str], labels: str | None = None) -> Faces:
    """Read a CSV of faces (plain, .gz or .zip) or a folder of pictures.

    labels: an `id,label` CSV for data without labels; only the faces whose ids it names are given, in the
    order of the data.
    Raises InputError, one line with file, row and fault, for whatever is wrong with the data.
    """
    from data.csv_files import read_csv  # here, because these modules need Faces
    from data.pictures import read_folder

    faces = read_folder(path) if Path(path).is_dir() else read_csv(path)
    return faces if labels is None else attach_labels(faces, labels)


def attach_labels(faces: Faces, path: str) -> Faces:
    """The faces whose ids are in an `id,label` CSV, in their own order and with these labels.

    Raises InputError when the faces have labels or no ids, or the file names an id that they do not have.
    """
    from data.csv_files import read_labels

    if faces.labels is not None:
        raise InputError(f"{faces.source}: has labels of its own; omit --labels")
    if faces.ids is None:
        raise InputError(f"{faces.source}: has no id column to match {path} with; give a file that has one")
    ids, labels = read_labels(path, names=faces.ids.dtype.kind == "U")
    unknown = ids[~np.isin(ids, faces.ids)]
    if len(unknown):
        raise InputError(f"{path}: id {unknown[0]} is not in {faces.source}; give the labels of that file")
    _, rows, order = np.intersect1d(faces.ids, ids, assume_unique=True, return_indices=True)
    in_order = np.argsort(rows)
    return replace(faces.select(rows[in_order]), labels=labels[order[in_order]])


def locate_faces(path: str | None, purpose: Literal["train", "measure", "test"]) -> Path:
    """The data to read: `path` if given, else what is in this project's data/ folder.

    There, the first of the usual CSVs is taken, else split or class folders of pictures. To test, the folder
    test/ in a folder of pictures is read alone, as test.csv is.
    Raises InputError when there is no data set yet.
    """
    from data.pictures import find_folders

    folder = DATA_FOLDER if path is None else Path(path)
    if path is None and (file := find_csv(folder, FILE_NAMES[purpose])):
        return file
    folders = find_folders(folder) if folder.is_dir() else {}
    if purpose == "test" and "test" in folders:
        return folders["test"]
    if path is not None or (folders and purpose != "test"):
        return folder
    raise InputError(
        f"no {' or '.join(FILE_NAMES[purpose])} in {DATA_FOLDER}: download icml_face_data.csv into it, from "
        f"{KAGGLE}, or name your file with --data; 'make demo' works without it"
    )


def find_csv(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these CSVs that a folder holds, plain, .gz or .zip; None where it holds none."""
    candidates = [folder / (name + ending) for name in names for ending in ("", ".gz", ".zip")]
    return next((file for file in candidates if file.is_file()), None)
