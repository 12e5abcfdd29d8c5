"""What the scripts that draw share: which faces they measure on, and the figures that they write."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from command_line import Parser, check_outputs, whole_number
from data import USAGE_NAMES

FIGURE_ENDINGS = (".png", ".pdf", ".svg")


class FigureParser(Parser):
    """A Parser with the options of scripts that draw."""

    def add_subset(self) -> None:
        """Add the options that choose labelled faces to measure on."""
        text = "rows to measure on, by their Usage (default: PublicTest, else PrivateTest, else all)"
        self.add_argument("--validation", choices=(*USAGE_NAMES, "all"), help=text)
        self.add_argument("--labels", metavar="CSV", help="id,label file for data without labels")
        text = "measure also on faces that the network was trained on"
        self.add_argument("--allow-seen", action="store_true", help=text)

    def add_figure(self, default: str) -> None:
        """Add --out for a script that draws, and --overwrite."""
        text = "figure, as .png, .pdf or .svg; several names give several formats"
        self.add_argument("--out", metavar="FILE", nargs="+", default=[default], help=text)
        self.add_overwrite()


def row_numbers(text: str) -> list[int]:
    """An argparse type: row numbers with commas between them."""
    return [whole_number(0)(number) for number in text.split(",")]


def figure_files(
    arguments: argparse.Namespace, added: Sequence[str] = (), texts: Sequence[str] = ()
) -> list[Path]:
    """The files of --out, checked together with all that is written beside them. Raises InputError.

    added: what is added to the stem of each file for a further figure. texts: what text files have after it.
    """
    files = check_outputs(arguments.out, arguments.overwrite, FIGURE_ENDINGS)
    check_outputs([file.with_stem(file.stem + more) for more in added for file in files], arguments.overwrite)
    check_outputs([files[0].with_name(files[0].stem + text) for text in texts], arguments.overwrite)
    return files
