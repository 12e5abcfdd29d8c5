"""Draw faces of the seven expressions, in every form of CSV that FER2013 comes in.

    python draw_faces.py demo --train 2000 --test 700

Writes train.csv, test.csv, test_labels.csv, fer2013.csv and icml_face_data.csv into the folder, 2,500 faces
in about 7 s. The same seed gives the same faces.
"""

from collections.abc import Sequence
from pathlib import Path

from command_line import Parser, one_line_errors, whole_number
from data import InputError
from data.drawn import CSV_FILES, write_csvs


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw faces with the options in `argv`."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("folder", type=Path, help="folder to write into; created if missing")
    add("--train", type=whole_number(1), default=2000, metavar="N", help="training faces")
    add("--test", type=whole_number(1), default=700, metavar="N", help="test faces, half of them PublicTest")
    add("--variety", type=float, default=1.0, metavar="SHARE", help="how much faces, poses and light vary")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="random seed")
    parser.add_overwrite()
    arguments = parser.parse_args(argv)
    folder = arguments.folder
    if not 0 <= arguments.variety <= 1:
        raise InputError(f"--variety {arguments.variety}: must be from 0 to 1")
    folder.mkdir(parents=True, exist_ok=True)
    present = [folder / name for name in CSV_FILES if (folder / name).exists()]
    if present and not arguments.overwrite:
        raise InputError(f"{present[0]}: exists already; choose another folder, or add --overwrite")
    write_csvs(folder, arguments.train, arguments.test, arguments.seed, arguments.variety)
    print(f"wrote {arguments.train:,} training and {arguments.test:,} test faces to {folder}")


if __name__ == "__main__":
    main()
