"""Photographs that people give to be predicted, and a table of what networks say of the faces in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data import CLASS_NAMES, IMAGE_SIZE, InputError
from data.pictures import ENDINGS, Square, read_grey, shrink, squares_of
from data.progress import Progress

NO_FACE = "no face found"


@dataclass(frozen=True)
class Photograph:
    """One picture and its faces.

    path: Path.
    squares: N squares of the picture, one per face.
    images: (N, 48, 48) uint8, what the networks see of these squares.
    """

    path: Path
    squares: Sequence[Square]
    images: np.ndarray


def read_photographs(paths: Sequence[str], how: str | None = None) -> list[Photograph]:
    """Read pictures, and those in folders, and their faces. Prints what is left out of the folders.

    how: as for pictures.squares_of. Raises OSError and InputError, also when not one face was found.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        pictures, others = _files_in(path) if path.is_dir() else ([path], [])
        if not pictures:
            raise InputError(f"{path}: holds no picture; name pictures or their folder")
        if others:
            print(f"not read in {path}: {len(others):,} files of other kinds, such as {others[0].name}")
        files += pictures
    photographs = [_read_photograph(file, how) for file in Progress(files, "photographs")]
    if not any(photograph.squares for photograph in photographs):
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise InputError(f"{files[0]}{more}: {NO_FACE}; crop to the face and give --faces whole")
    return photographs


def names_of(photographs: Sequence[Photograph]) -> list[str]:
    """A different name for each photograph, for files about it: its own, or where two share it, its path."""
    names = [photograph.path.stem for photograph in photographs]
    if len(set(names)) < len(names):
        parts = [[part for part in each.path.parts if part not in ("/", "..")] for each in photographs]
        names = ["-".join(each) for each in parts]
    return names


def emotion_of(probabilities: np.ndarray, least: float = 0.0) -> str:
    """The most probable class of (7,) probabilities; 'unsure' if it is less probable than `least`."""
    return CLASS_NAMES[probabilities.argmax()] if probabilities.max() >= least else "unsure"


def face_table(
    photographs: Sequence[Photograph], probabilities: np.ndarray, least: float = 0.0
) -> pd.DataFrame:
    """A row per face, and one for each photograph without faces, whose emotion is then 'no face found'.

    Faces count from 1 in each photograph; left, top and side are of its square, in pixels.
    probabilities: (N, 7) float, of the faces of all photographs in their order. least: as for emotion_of.
    """
    rows, remaining = [], iter(probabilities)
    for photograph in photographs:
        for number, square in enumerate(photograph.squares, start=1):
            values = next(remaining)
            rows.append([str(photograph.path), number, *square, *values, emotion_of(values, least)])
        if not photograph.squares:
            rows.append([str(photograph.path), *[None] * 11, NO_FACE])
    places = ["face", *Square._fields]
    table = pd.DataFrame(rows, columns=["file", *places, *CLASS_NAMES, "emotion"])
    # Int64 may be missing, unlike NumPy's whole numbers.
    return table.astype(dict.fromkeys(places, "Int64") | dict.fromkeys(CLASS_NAMES, float))


def _read_photograph(path: Path, how: str | None) -> Photograph:
    grey = read_grey(path)
    squares = squares_of(grey, how)
    images = [shrink(grey, square) for square in squares]
    return Photograph(path, squares, np.array(images, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE))


def _files_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """The pictures in a folder by name, and the files of other kinds. Hidden ones are the system's own."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    pictures = [file for file in files if file.suffix.lower() in ENDINGS]
    return pictures, [file for file in files if file not in pictures]
