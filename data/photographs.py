"""Photographs and videos that people give to be predicted, and what networks say of the faces in them."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from data import CLASS_NAMES, IMAGE_SIZE, InputError
from data.folders import all_files, is_picture
from data.pictures import Square, middle_square, read_picture, shrink, squares_of
from data.progress import Progress

NO_FACE, UNREADABLE = "no face found", "not readable"
# Smaller pictures show no face.
LEAST_SIDE = 12
# What the names of drawings end in, which are not read as photographs.
DRAWN = "-faces.png"


@dataclass(frozen=True)
class Photograph:
    """One picture and its faces.

    path: Path.
    name: str, of files about it: where it is in the folder that was given; different for each photograph.
    squares: N squares of the picture, one per face.
    images: (N, 48, 48) uint8, what the networks see of these squares.
    whole: bool, whether the one square is the whole middle of the picture, as where it is not searched.
    problem: str, why it could not be read.
    """

    path: Path
    name: str
    squares: Sequence[Square] = ()
    images: np.ndarray = field(default_factory=lambda: np.empty((0, IMAGE_SIZE, IMAGE_SIZE), np.uint8))
    whole: bool = False
    problem: str = ""


def read_photographs(paths: Sequence[str], how: str | None = None) -> list[Photograph]:
    """Read pictures, and those in folders and below, and their faces. Prints what cannot be read.

    how: as for pictures.squares_of. Raises OSError and InputError, the latter when none can be read.
    """
    files, places = [], []
    for path in map(Path, paths):
        if path.is_dir():
            inside = all_files(path)
            pictures = [each for each in inside if is_picture(each) and not each.name.endswith(DRAWN)]
            if not pictures:
                raise InputError(f"{path}: holds no picture; name pictures or their folder")
            if others := sorted(set(inside) - set(pictures)):
                print(f"not read in {path}: {len(others):,} other files, such as {others[0].name}")
            files += pictures
            places += [each.relative_to(path) for each in pictures]
        else:
            path.open("rb").close()  # a wrong name is not a damaged picture
            files.append(path)
            places.append(Path(path.name))
    if len({file.resolve() for file in files}) < len(files):
        raise InputError(f"{' '.join(paths)}: a photograph is given twice; give it once")
    # Where two would share a name, all keep their endings, or else the folders of their paths.
    names = [place.with_suffix("") for place in places]
    for longer in places, [Path(*[part for part in file.parts if part not in ("/", "..")]) for file in files]:
        names = longer if len(set(names)) < len(names) else names
    listed = Progress(zip(files, names, strict=True), "photographs", len(files))
    photographs = [_read_photograph(file, str(name), how) for file, name in listed]
    problems = [photograph.problem for photograph in photographs if photograph.problem]
    if len(problems) == len(files):
        raise InputError(problems[0])
    for problem in problems:
        print(f"note: {problem}", flush=True)
    return photographs


def faces_of(grey: Image.Image, how: str | None = None) -> tuple[list[Square], np.ndarray]:
    """The squares of N faces of a picture, and (N, 48, 48) uint8, their content. how: as for squares_of."""
    squares = squares_of(grey, how)
    images = [shrink(grey, each) for each in squares]
    return squares, np.array(images, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)


def frames_of(source: str | int, every: float) -> Iterator[tuple[float, np.ndarray]]:
    """Frames of a video, or for a number of that camera: seconds from its start, (height, width, 3) BGR.

    every: seconds from one to the next. Prints a note where a file ends too early. Raises InputError.
    """
    import cv2

    # Else OpenCV and FFmpeg write of what they cannot open or play to stderr.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    video, is_file, started = cv2.VideoCapture(source), isinstance(source, str), time.monotonic()
    if not video.isOpened():
        way_out = "give a video that plays, or a camera that nothing else uses"
        raise InputError(f"{'' if is_file else 'camera '}{source}: cannot be opened; {way_out}")
    seconds = due = 0.0
    while video.grab():
        seconds = video.get(cv2.CAP_PROP_POS_MSEC) / 1000 if is_file else time.monotonic() - started
        if seconds >= due - 0.001:  # for rounding
            is_whole, frame = video.retrieve()
            if is_whole:
                yield seconds, frame
            due = max(due + every, seconds)
    if video.get(cv2.CAP_PROP_POS_FRAMES) < 0.95 * video.get(cv2.CAP_PROP_FRAME_COUNT):
        print(f"note: {source}: ends after {seconds:.1f} s, earlier than its header says", flush=True)


def follow(squares: Sequence[Square], last: dict[int, Square]) -> list[int]:
    """Number the N faces of a frame: as the nearest of the `last` squares, if near, which they replace."""
    numbers = [0] * len(squares)
    pairs = [
        (math.dist(square.centre, each.centre), index, number)
        for index, square in enumerate(squares)
        for number, each in last.items()
    ]
    for distance, index, number in sorted(pairs):
        if distance < squares[index].side and not numbers[index] and number not in numbers:
            numbers[index] = number
    for index, square in enumerate(squares):
        numbers[index] = numbers[index] or len(last) + 1
        last[numbers[index]] = square
    return numbers


def emotion_of(probabilities: np.ndarray, least: float = 0.0) -> str:
    """The most probable class of (7,) probabilities; 'unsure' if it is less probable than `least`."""
    return CLASS_NAMES[probabilities.argmax()] if probabilities.max() >= least else "unsure"


def face_table(album: Sequence[Photograph], probabilities: np.ndarray, least: float = 0.0) -> pd.DataFrame:
    """A row per face, and one for each photograph without, whose emotion says why there is none.

    Faces count from 1 in each photograph; left, top and side are of its square, in pixels, tilt in degrees.
    'taken' is 'found' or 'whole'.
    probabilities: (N, 7) float, of the faces of all photographs in their order. least: as for emotion_of.
    """
    rows, remaining = [], iter(probabilities)
    for photograph in album:
        for number, square in enumerate(photograph.squares, start=1):
            values = next(remaining)
            taken, emotion = "whole" if photograph.whole else "found", emotion_of(values, least)
            rows.append([str(photograph.path), number, *square, taken, *values, emotion])
        if not photograph.squares:
            why = UNREADABLE if photograph.problem else NO_FACE
            rows.append([str(photograph.path), *[None] * 13, why])
    places = ["face", *Square._fields]
    table = pd.DataFrame(rows, columns=["file", *places, "taken", *CLASS_NAMES, "emotion"])
    # Int64 may be missing, unlike NumPy's whole numbers.
    return table.astype(dict.fromkeys(places, "Int64") | dict.fromkeys(CLASS_NAMES, float))


def _read_photograph(path: Path, name: str, how: str | None) -> Photograph:
    try:
        grey = read_picture(path)
    except (InputError, OSError) as error:
        return Photograph(path, name, problem=str(error))
    if min(grey.size) < LEAST_SIDE:
        size = f"{grey.width}x{grey.height} pixels"
        return Photograph(path, name, problem=f"{path}: has {size}, too few for a face; give a larger one")
    squares, images = faces_of(grey, how)
    return Photograph(path, name, squares, images, squares == [middle_square(grey)])
