"""Drawn faces as folders of pictures, the form in which most people download FER2013."""

import os
import tempfile
from pathlib import Path

from PIL import Image

from data.dataset import CLASS_NAMES
from data.errors import InputError
from drawing.faces import draw_faces

FOLDER_NAMES = ("train", "test")


def write_drawn_folders(
    folder: str | os.PathLike[str], train: int, test: int, seed: int, variety: float = 1.0
) -> None:
    """Draw the faces of write_drawn_csvs() and write each as a PNG, which keeps every grey level.

    They are train/CLASS/Training_NUMBER.png and test/CLASS/PublicTest_NUMBER.png; the second half of the test
    faces are PrivateTest. NUMBER is the face's row in the CSVs. Raises InputError when a class gets no face,
    or the folder cannot be written or has such a folder already.
    """
    folder = Path(folder)
    if present := [name for name in FOLDER_NAMES if (folder / name).exists()]:
        raise InputError(
            f"{folder}: has {' and '.join(present)} already; choose another folder, or remove them yourself"
        )
    faces = draw_faces(train + test, seed, variety)
    for name, labels in (("train", faces.labels[:train]), ("test", faces.labels[train:])):
        if len(set(labels.tolist())) < len(CLASS_NAMES):
            raise InputError(
                f"--{name} {len(labels)}: is too few for a face of each class; draw 13 faces or more"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".drawn-", dir=folder) as temporary:
            for split in FOLDER_NAMES:
                for name in CLASS_NAMES:
                    (Path(temporary) / split / name).mkdir(parents=True)
            for number, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
                usage = "Training" if number < train else "PublicTest"
                if number >= train + test // 2:
                    usage = "PrivateTest"
                split = "train" if usage == "Training" else "test"
                file = Path(temporary) / split / CLASS_NAMES[label] / f"{usage}_{number:05}.png"
                Image.fromarray(image).save(file)
            for split in FOLDER_NAMES:
                (Path(temporary) / split).rename(folder / split)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror}); free the disk or choose another folder"
        ) from error
