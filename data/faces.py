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
    labelled_by: str, whose labels these are where they are not the data's own: 'FER+'.
    rows: (N,) int64, the position of each face in the source, 0 for the first; by default 0 to N - 1.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    usage: np.ndarray | None = None
    ids: np.ndarray | None = None
    source: str = ""
    labelled_by: str = ""
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
            folder = ("train/", "validation/", "test/")[USAGE_NAMES.index(name)]
            others = () if self.usage is None else np.take(USAGE_NAMES, np.unique(self.usage))
            known = f"only {', '.join(others)}" if len(others) else "its faces have no Usage"
            way_out = f"give data with rows of Usage {name} or a folder {folder}, or choose others"
            raise InputError(f"{self.source}: has no {name} faces, {known}; {way_out}")
        return faces


def read_faces(
    path: str | os.PathLike[str],
    labels: str | None = None,
    classes: Sequence[str] = (),
    how: str | None = None,
    only_test: bool = False,
) -> Faces:
    """Read a folder of pictures or a file of faces: a CSV, a zip of either, .npz or Parquet.

    labels: a CSV of labels for the faces; only those that it names are given, in the order of the data.
    classes: what names of classes mean, such as '1=surprise' or 'contempt=-'. how: 'find' a face in each
    picture, take it 'whole', or None for the latter with small squares only. only_test: of a folder with a
    folder test/, read that alone, as test.csv is.
    Raises InputError, one line with file, row and fault, for whatever is wrong with the data.
    """
    from data.files import read_file  # here, because these modules need Faces
    from data.folders import read_folder
    from data.labels import attach_labels, without_left_out

    read = read_folder if Path(path).is_dir() else read_file
    faces = without_left_out(read(Path(path), classes, how, only_test))
    return faces if labels is None else attach_labels(faces, labels, classes)


def locate_faces(path: str | None, purpose: Literal["train", "measure", "test"]) -> Path:
    """The data to read: `path` if given, else what is in this project's data/ folder.

    There, the first of the usual CSVs is taken, else split or class folders of pictures.
    Raises InputError when there is no data set yet.
    """
    from data.folders import find_folders, has_test

    if path is not None:
        return Path(path)
    if file := find_csv(DATA_FOLDER, FILE_NAMES[purpose]):
        return file
    folders = find_folders(DATA_FOLDER)
    if folders and (purpose != "test" or has_test(folders)):
        return DATA_FOLDER
    raise InputError(
        f"no {' or '.join(FILE_NAMES[purpose])} in {DATA_FOLDER}: download icml_face_data.csv into it, from "
        f"{KAGGLE}, or name your file with --data; 'make demo' works without it"
    )


def find_csv(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these CSVs that a folder holds, plain, .gz or .zip; None where it holds none."""
    candidates = [folder / (name + ending) for name in names for ending in ("", ".gz", ".zip")]
    return next((file for file in candidates if file.is_file()), None)
