"""The options of saliency.py."""

import argparse
from collections.abc import Sequence

from analysis.attribution import METHODS
from analysis.held_out import SPLITS
from command_line.arguments import Parser, row_numbers, whole_number
from data.dataset import CLASS_NAMES
from data.errors import InputError
from models.locate import DEFAULT_SINGLE, HELP_SINGLE

CLASS_CHOICES = ("predicted", "true", *CLASS_NAMES)


def parse_options(description: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options in `argv`. Raises InputError."""
    parser = Parser(description)
    source = parser.add_mutually_exclusive_group()
    text = "FER CSV or folder of pictures (default: the data set in data/)"
    source.add_argument("--data", metavar="DATA", help=text)
    parser.add_images(source)
    add = parser.add_argument
    add("--weights", default=DEFAULT_SINGLE, metavar="RUN", help=HELP_SINGLE)
    parser.add_held_out(SPLITS)
    add("--rows", type=row_numbers, metavar="I,J,...", help="only these faces; 0 is the first in the file")
    methods = (*METHODS, "all")
    text = f"one or several of {', '.join(methods)}"
    add("--method", choices=methods, nargs="+", default=["gradient"], metavar="METHOD", help=text)
    add("--class", dest="explained", choices=CLASS_CHOICES, default="predicted", help="whose logit")
    add("--mean", type=whole_number(1), metavar="N", help="average the maps of up to N faces of each class")
    add("--check", action="store_true", help="test whether the maps can be trusted")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="seed for SmoothGrad and the checks")
    parser.add_figure_files("saliency.png")
    arguments = parser.parse_args(argv)
    for name in ("mean", "validation", "labels", "allow_seen"):
        if arguments.rows is not None and getattr(arguments, name):
            raise InputError(f"--rows chooses the faces; omit --{name.replace('_', '-')}")
    others = ("rows", "mean", "validation", "labels", "allow_seen", "check")
    parser.refuse_options_of_other_source(arguments, data=others, images=["faces"])
    return arguments
