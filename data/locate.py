"""Finding the data set when the user names no file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from data.errors import InputError
from data.picture_folder import find_test_folder

DATA_FOLDER = Path(__file__).resolve().parent
# In order of preference. For measuring, files that name PublicTest rows, since networks have seen train.csv.
FILE_NAMES = {
    "train": ("train.csv", "fer2013.csv", "icml_face_data.csv"),
    "measure": ("fer2013.csv", "icml_face_data.csv", "train.csv"),
    "test": ("test.csv",),
}
COMPETITION = "challenges-in-representation-learning-facial-expression-recognition-challenge"


def locate_data(path: str | None, kind: Literal["train", "measure", "test"]) -> Path:
    """The data to read: `path` if given, else the first of the usual names in this project's data/ folder.

    kind: what for, a name in FILE_NAMES. To test, the folder test/ in a folder of pictures is read alone, as
    test.csv is.
    Raises InputError when there is no data set yet.
    """
    if path is not None:
        given = Path(path)
        is_test = kind == "test" and given.is_dir()
        return (find_test_folder(given) if is_test else None) or given
    if found := find_csv(DATA_FOLDER, FILE_NAMES[kind]):
        return found
    raise InputError(
        f"no {' or '.join(FILE_NAMES[kind])} in {DATA_FOLDER}: download icml_face_data.csv or fer2013.csv of "
        f"the Kaggle competition '{COMPETITION}' (https://www.kaggle.com/c/{COMPETITION}/data) into that "
        "folder or name your file with --data; 'make demo' works without it"
    )


def find_csv(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these CSVs that a folder holds, plain, .gz or .zip; None where it holds none."""
    candidates = [folder / (name + ending) for name in names for ending in ("", ".gz", ".zip")]
    return next((file for file in candidates if file.is_file()), None)
