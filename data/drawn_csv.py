"""Write drawn faces as the CSV files in which FER2013 circulates.

    python -m data.drawn_csv FOLDER --train 2000 --test 500 --seed 0

Writes train.csv, test.csv, test_labels.csv, fer2013.csv, icml_face_data.csv, emotion_pixels.csv and
pixels.csv into FOLDER, 2,500 faces in about 3 s.
"""

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from data.atomic import atomic_path
from data.dataset import NUM_PIXELS
from data.drawn_faces import DrawnFaces, draw_faces
from data.errors import InputError

_GREY_LEVELS = [str(level) for level in range(256)]


def write_drawn_csvs(folder: str | os.PathLike[str], train: int, test: int, seed: int) -> None:
    """Draw train + test faces, no face in both, and write them in every format.

    The first half of the test faces are PublicTest, the others PrivateTest. Written are

    - train.csv (label,feature): the train faces;
    - test.csv (id,feature) and test_labels.csv (id,label): the test faces and their labels;
    - fer2013.csv (emotion,pixels,Usage) and icml_face_data.csv (emotion, Usage, pixels): all faces;
    - emotion_pixels.csv (emotion,pixels) and pixels.csv (pixels): the test faces.

    Raises InputError when the folder cannot be written.
    """
    faces = draw_faces(train + test, seed)
    rows = _pixel_columns(faces)
    labels = faces.labels.tolist()
    public = test // 2
    usages = ["Training"] * train + ["PublicTest"] * public + ["PrivateTest"] * (test - public)
    all_rows = list(zip(labels, rows, usages, strict=True))
    train_rows, test_rows = all_rows[:train], all_rows[train:]

    folder = Path(folder)
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


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="Write drawn faces as the CSV files in which FER2013 circulates.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where to write; made if need be")
    parser.add_argument("--train", type=int, default=2000, help="training faces")
    parser.add_argument("--test", type=int, default=500, help="test faces, half PublicTest, half PrivateTest")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same faces")
    args = parser.parse_args(argv)
    try:
        if min(args.train, args.test) < 1 or args.seed < 0:
            raise InputError("--train and --test must be at least 1, --seed at least 0")
        write_drawn_csvs(args.folder, args.train, args.test, args.seed)
    except InputError as error:
        parser.exit(2, f"error: {error}\n")
    print(f"{args.folder}: {args.train} train and {args.test} test faces in every format of FER2013")


if __name__ == "__main__":
    main()
