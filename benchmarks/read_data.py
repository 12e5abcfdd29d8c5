"""How long reading takes, and how long the library alone takes for the same files in the same run.

    python benchmarks/read_data.py data/icml_face_data.csv FOLDER_OF_PICTURES

A CSV is compared with pandas.read_csv, which decodes no pixel, and a folder with Pillow reading its pictures
one after the other. Every file is read once before, so that neither is charged for the disk. On a busy
machine, compare the seconds of the processor.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from command_line import Parser, one_line_errors
from data.faces import read_faces


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure the paths in `argv`, and print."""
    parser = Parser(__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="plain CSVs and folders of pictures")
    for path in parser.parse_args(argv).paths:
        measure(path)


def measure(path: Path) -> None:
    """Print how long reading a CSV or a folder takes, here and by the library alone."""
    pictures = [file for file in path.rglob("*") if file.is_file()]
    for file in pictures or [path]:
        file.read_bytes()
    ways: dict[str, Callable[[], Any]] = {"here": lambda: read_faces(path)}
    if pictures:
        ways["Pillow alone"] = lambda: [Image.open(file).load() for file in pictures]
    else:
        ways["pandas alone"] = lambda: pd.read_csv(path)
    for name, read in ways.items():
        start, start_of_processor = time.perf_counter(), time.process_time()
        count = len(read())
        seconds, processor = time.perf_counter() - start, time.process_time() - start_of_processor
        print(f"{path}, {name}: {count:,} in {seconds:.2f} s, {processor:.2f} s of the processor")


if __name__ == "__main__":
    main()
