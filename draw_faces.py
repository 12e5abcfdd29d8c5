"""Draw faces of the seven expressions, in every form that FER2013 comes in.

    python draw_faces.py demo --train 2000 --test 700
    python draw_faces.py demo-pictures --form folders

Writes train.csv, test.csv, test_labels.csv, fer2013.csv, icml_face_data.csv, emotion_pixels.csv and
pixels.csv into the folder, 2,500 faces in about 3 s; with --form folders it writes the same faces as pictures
instead, into train/CLASS/ and test/CLASS/. The same seed gives the same faces.
"""

from command_line.errors import one_line_errors

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from command_line.arguments import Parser, share, whole_number
from drawing.csv_files import write_drawn_csvs
from drawing.picture_folders import write_drawn_folders

WRITERS = {"csv": write_drawn_csvs, "folders": write_drawn_folders}


def parse_args(argv: Sequence[str] | None) -> Namespace:
    """The options; see --help."""
    parser = Parser(__doc__)
    parser.add_argument("folder", type=Path, help="folder to write into; created if missing")
    parser.add_argument("--form", choices=WRITERS, default="csv", help="CSV files, or folders of pictures")
    parser.add_argument("--train", type=whole_number(1), default=2000, metavar="N", help="training faces")
    parser.add_argument(
        "--test", type=whole_number(1), default=700, metavar="N", help="test faces, the first half PublicTest"
    )
    parser.add_argument(
        "--variety", type=share, default=1.0, metavar="SHARE", help="how much faces, poses and light vary"
    )
    parser.add_argument("--seed", type=whole_number(0), default=1, metavar="N", help="random seed")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw faces with the options in `argv`."""
    arguments = parse_args(argv)
    write = WRITERS[arguments.form]
    write(arguments.folder, arguments.train, arguments.test, arguments.seed, arguments.variety)
    print(f"wrote {arguments.train} training and {arguments.test} test faces to {arguments.folder}")


if __name__ == "__main__":
    main()
