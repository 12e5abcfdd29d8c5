"""The photographs that a user names, and the faces in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.dataset import IMAGE_SIZE
from data.errors import InputError
from data.picture_folder import SYSTEM_NAMES
from data.pictures import Square, middle_square, read_grey, shrink
from photographs.finding import find_faces

# The choices of --faces.
FACES = ("find", "whole")
# Squares up to this side are taken whole by default: data sets of cropped faces are common with 48
# (FER2013), 96 (a reduced AffectNet) and 100 pixels (RAF-DB as some resize it), and a cascade needs to see
# what is around a face.
SMALL_SQUARE = 100
# What counts as a picture in a folder.
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".gif")


@dataclass(frozen=True)
class Photograph:
    """One picture and its faces.

    path: Path.
    squares: N squares of the picture, one per face.
    faces: (N, 48, 48) uint8, what the networks see of these squares.
    """

    path: Path
    squares: Sequence[Square]
    faces: np.ndarray


def read_photographs(paths: Sequence[str], how: str | None = None) -> list[Photograph]:
    """Read pictures, and those in folders, and their faces.

    how: 'find' looks for faces; 'whole' takes the middle square of each picture as one; None does the latter
    for squares of at most 100 pixels.
    Raises InputError, also when not one face was found.
    """
    photographs = [_read(path, how) for given in paths for path in _pictures(Path(given))]
    if not any(photograph.squares for photograph in photographs):
        first, others = photographs[0].path, len(photographs) - 1
        more = f" and {others} more" if others else ""
        raise InputError(f"{first}{more}: no face found; crop to the face and give --faces whole")
    return photographs


def all_faces(photographs: Sequence[Photograph]) -> np.ndarray:
    """(N, 48, 48) uint8: the faces of all photographs, in their order."""
    return np.concatenate([photograph.faces for photograph in photographs])


def refuse_to_draw_among(paths: Sequence[str], files: Sequence[Path]) -> None:
    """InputError when one of the files to write would be read as a photograph of `paths` next time."""
    folders = [Path(path).resolve() for path in paths if Path(path).is_dir()]
    for file in files:
        if file.parent.resolve() in folders and file.suffix.lower() in ENDINGS:
            raise InputError(
                f"{file}: would be read as a photograph the next time; name a place outside of {file.parent}"
            )


def annotated_files(photographs: Sequence[Photograph], folder: str) -> list[Path]:
    """The file in `folder` for the drawing of each photograph. Raises InputError when two would be one."""
    files = [Path(folder) / f"{photograph.path.stem}-faces.png" for photograph in photographs]
    if Path(folder).exists() and not Path(folder).is_dir():
        raise InputError(f"{folder}: is a file; name a folder for the drawings")
    for index, file in enumerate(files):
        if file in files[:index]:
            raise InputError(
                f"{photographs[index].path}: another picture is drawn as {file.name}; rename one of them, or "
                "draw them into two folders"
            )
    return files


def unread_files(paths: Sequence[str]) -> str:
    """A line that counts and names what read_photographs leaves out of the folders among `paths`, or nothing.

    Raises InputError.
    """
    others = [other for path in paths for other in _pictures_and_others(Path(path))[1]]
    if not others:
        return ""
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    return f"not read: {others[0]}{more}; of a folder, only files that end in {', '.join(ENDINGS)} are"


def _pictures(path: Path) -> list[Path]:
    pictures, others = _pictures_and_others(path)
    if not pictures:
        only = f", only others such as {others[0].name}" if others else ""
        raise InputError(
            f"{path}: holds no picture ({', '.join(ENDINGS)}){only}; name pictures or their folder"
        )
    return pictures


def _pictures_and_others(path: Path) -> tuple[list[Path], list[Path]]:
    """The pictures of a folder by name, and the other files and folders in it; of anything else, the path."""
    if not path.is_dir():
        return [path], []
    try:
        # Hidden files are the system's own, such as the ._NAME.jpg that macOS leaves.
        files = sorted(
            file
            for file in path.iterdir()
            if not file.name.startswith(".") and file.name.lower() not in SYSTEM_NAMES
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    pictures = [file for file in files if file.suffix.lower() in ENDINGS and not file.is_dir()]
    return pictures, sorted(set(files) - set(pictures))


def _read(path: Path, how: str | None) -> Photograph:
    grey = read_grey(path)
    is_small_square = grey.width == grey.height <= SMALL_SQUARE
    whole = how == "whole" or (how is None and is_small_square)
    squares = [middle_square(grey)] if whole else find_faces(grey)
    faces = [shrink(grey, square) for square in squares]
    return Photograph(path, squares, np.array(faces, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
