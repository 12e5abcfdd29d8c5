"""The faces in photographs, and a table of what networks predict for them.

Faces are found by OpenCV's cascade for faces seen from the front. The boxes of FER2013's own faces came from
OpenCV, too, and were corrected by people where needed (Goodfellow et al., 2013, arXiv:1307.0414), so squares
that OpenCV finds are framed nearly as the networks expect. The cascade ships in OpenCV's wheel. How it was
chosen and what it misses: docs/results.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from data import CLASS_NAMES, IMAGE_SIZE, InputError
from data.pictures import ENDINGS, Square, middle_square, read_grey, shrink

# Squares up to this side are taken whole by default: data sets of cropped faces are common with 48
# (FER2013), 96 (a reduced AffectNet) and 100 pixels (RAF-DB as some resize it), and a cascade needs to see
# what is around a face.
SMALL_SQUARE = 100
CASCADE = "haarcascade_frontalface_alt.xml"
# Steps between the sizes that are tried; how many neighbouring hits make a face, and the least confidence of
# the cascade's last stage. With less, hands and textures are taken for faces.
SCALE_STEP, NEIGHBOURS, LEAST_CONFIDENCE = 1.1, 5, 107.0
# Of a larger picture, a copy of this size is searched; faces smaller than SMALLEST there are not looked for.
LONGEST_SIDE, SMALLEST = 1280, 24
# The side of FER2013's pictures as a multiple of the side of the square that the cascade finds in them.
FRAMING = 1.02
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


def read_photographs(paths: Sequence[str], how: Literal["find", "whole"] | None = None) -> list[Photograph]:
    """Read pictures, and those in folders, and their faces. Prints what is left out of the folders.

    how: 'find' looks for faces; 'whole' takes the middle square of each picture as one; None does the latter
    for squares of at most 100 pixels.
    Raises OSError and InputError, also when not one face was found.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        pictures, others = _files_in(path) if path.is_dir() else ([path], [])
        if not pictures:
            raise InputError(f"{path}: holds no picture; name pictures or their folder")
        if others:
            print(f"not read in {path}: {len(others):,} files of other kinds, such as {others[0].name}")
        files += pictures
    photographs = [
        _read_photograph(file, how) for file in tqdm(files, "photographs", disable=None, leave=False)
    ]
    if not any(photograph.squares for photograph in photographs):
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise InputError(f"{files[0]}{more}: {NO_FACE}; crop to the face and give --faces whole")
    return photographs


def face_table(photographs: Sequence[Photograph], probabilities: np.ndarray) -> pd.DataFrame:
    """A row per face, and one for each photograph without faces, whose emotion is then 'no face found'.

    Faces count from 1 in each photograph; left, top and side are of its square, in pixels.
    probabilities: (N, 7) float, of the faces of all photographs in their order.
    """
    rows, remaining = [], iter(probabilities)
    for photograph in photographs:
        for number, square in enumerate(photograph.squares, start=1):
            values = next(remaining)
            rows.append([str(photograph.path), number, *square, *values, CLASS_NAMES[values.argmax()]])
        if not photograph.squares:
            rows.append([str(photograph.path), *[None] * 11, NO_FACE])
    places = ["face", *Square._fields]
    table = pd.DataFrame(rows, columns=["file", *places, *CLASS_NAMES, "emotion"])
    # Int64 may be missing, unlike NumPy's whole numbers.
    return table.astype(dict.fromkeys(places, "Int64") | dict.fromkeys(CLASS_NAMES, float))


def find_faces(grey: Image.Image) -> list[Square]:
    """The faces of a grey picture, from left to right; empty where there are none."""
    import cv2  # here, because scripts that look for no faces should not wait for it

    scale = min(1.0, LONGEST_SIDE / max(grey.size))
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    boxes, _, confidences = cascade.detectMultiScale3(
        np.asarray(grey.resize(size, Image.Resampling.BOX, reducing_gap=2.0)),
        scaleFactor=SCALE_STEP,
        minNeighbors=NEIGHBOURS,
        minSize=(SMALLEST, SMALLEST),
        outputRejectLevels=True,
    )
    found = []
    for box, confidence in zip(boxes, np.ravel(confidences), strict=True):
        if confidence >= LEAST_CONFIDENCE:
            left, top, side = (float(length) / scale for length in box[:3])
            framed = min(round(side * FRAMING), *grey.size)
            # The same centre, but within the picture.
            left, top = (round(start + (side - framed) / 2) for start in (left, top))
            left, top = max(0, min(left, grey.width - framed)), max(0, min(top, grey.height - framed))
            found.append(Square(left, top, framed))
    return sorted(found)


def _read_photograph(path: Path, how: str | None) -> Photograph:
    grey = read_grey(path)
    is_small_square = grey.width == grey.height <= SMALL_SQUARE
    whole = how == "whole" or (how is None and is_small_square)
    squares = [middle_square(grey)] if whole else find_faces(grey)
    images = [shrink(grey, square) for square in squares]
    return Photograph(path, squares, np.array(images, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE))


def _files_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """The pictures in a folder by name, and the files of other kinds. Hidden ones are the system's own."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    pictures = [file for file in files if file.suffix.lower() in ENDINGS]
    return pictures, [file for file in files if file not in pictures]
