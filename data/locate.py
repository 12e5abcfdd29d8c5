"""Finding the data set when the user names no file."""

from pathlib import Path
from typing import Literal

from data.errors import InputError

DATA_FOLDER = Path(__file__).resolve().parent
FILE_NAMES = {
    "train": ("train.csv", "fer2013.csv", "icml_face_data.csv"),
    "test": ("test.csv",),
}
COMPETITION = "challenges-in-representation-learning-facial-expression-recognition-challenge"


def locate_data(path: str | None, kind: Literal["train", "test"]) -> Path:
    """The CSV to read: `path` if given, else the first of the usual names in this project's data/ folder.

    Raises InputError when the path given is not a file, or when there is no data set yet.
    """
    if path is not None:
        given = Path(path)
        if given.is_dir():
            raise InputError(f"{given}: is a folder; give the CSV file in it")
        if not given.exists():
            raise InputError(f"{given}: no such file; check the path")
        return given
    for name in FILE_NAMES[kind]:
        for ending in ("", ".gz", ".zip"):
            candidate = DATA_FOLDER / (name + ending)
            if candidate.is_file():
                return candidate
    raise InputError(
        f"no {' or '.join(FILE_NAMES[kind])} in {DATA_FOLDER}: download icml_face_data.csv or fer2013.csv of "
        f"the Kaggle competition '{COMPETITION}' (https://www.kaggle.com/c/{COMPETITION}/data) into that "
        "folder or name your file with --data; 'make demo' works without it"
    )
