"""Drawn faces as CSV files of every form that FER2013 comes in."""

import os
from collections.abc import Iterable
from pathlib import Path

from data.atomic import atomic_path
from data.dataset import NUM_PIXELS
from data.errors import InputError
from drawing.faces import DrawnFaces, draw_faces

FILE_NAMES = (
    *("train.csv", "test.csv", "test_labels.csv", "fer2013.csv"),
    *("icml_face_data.csv", "emotion_pixels.csv", "pixels.csv"),
)
_GREY_LEVELS = [str(level) for level in range(256)]


def write_drawn_csvs(
    folder: str | os.PathLike[str], train: int, test: int, seed: int, variety: float = 1.0
) -> None:
    """Draw train + test faces, no face in both, and write them in every format.

    The first half of the test faces are PublicTest, the others PrivateTest. Written are

    - train.csv (label,feature): the train faces;
    - test.csv (id,feature) and test_labels.csv (id,label): the test faces and their labels;
    - fer2013.csv (emotion,pixels,Usage) and icml_face_data.csv (emotion, Usage, pixels): all faces;
    - emotion_pixels.csv (emotion,pixels) and pixels.csv (pixels): the test faces.

    Raises InputError when the folder cannot be written or has such a file already, which may be the real one.
    """
    folder = Path(folder)
    if present := [name for name in FILE_NAMES if (folder / name).exists()]:
        raise InputError(
            f"{folder}: has {', '.join(present)} already; choose another folder, or remove them yourself"
        )
    faces = draw_faces(train + test, seed, variety)
    rows = _pixel_columns(faces)
    labels = faces.labels.tolist()
    public = test // 2
    usages = ["Training"] * train + ["PublicTest"] * public + ["PrivateTest"] * (test - public)
    all_rows = list(zip(labels, rows, usages, strict=True))
    train_rows, test_rows = all_rows[:train], all_rows[train:]

    _write(folder / "train.csv", "label,feature", (f"{label},{row}" for label, row, _ in train_rows))
    _write(folder / "test.csv", "id,feature", (f"{i},{row}" for i, (_, row, _) in enumerate(test_rows)))
    _write(
        folder / "test_labels.csv", "id,label", (f"{i},{label}" for i, (label, *_) in enumerate(test_rows))
    )
    _write(folder / "fer2013.csv", "emotion,pixels,Usage", (",".join(map(str, row)) for row in all_rows))
    _write(
        folder / "icml_face_data.csv",
        "emotion, Usage, pixels",
        (f"{label},{usage},{row}" for label, row, usage in all_rows),
    )
    _write(folder / "emotion_pixels.csv", "emotion,pixels", (f"{label},{row}" for label, row, _ in test_rows))
    _write(folder / "pixels.csv", "pixels", (row for _, row, _ in test_rows))


def _pixel_columns(faces: DrawnFaces) -> list[str]:
    pixels = faces.images.reshape(-1, NUM_PIXELS).tolist()
    return [" ".join([_GREY_LEVELS[level] for level in face]) for face in pixels]


def _write(path: Path, header: str, rows: Iterable[str]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii", newline="") as file:
        file.write(header + "\n")
        file.writelines(row + "\n" for row in rows)
