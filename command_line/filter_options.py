"""The options of filter_viz.py."""

import argparse
from collections.abc import Sequence

from analysis.activation_maximisation import PRESETS
from command_line.arguments import Parser, whole_number
from models.locate import DEFAULT_SINGLE, HELP_SINGLE

MOST_EXAMPLES = 9


def parse_options(description: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options in `argv`. Raises InputError."""
    parser = Parser(description)
    add = parser.add_argument
    add("--weights", default=DEFAULT_SINGLE, metavar="RUN", help=HELP_SINGLE)
    add("--data", metavar="DATA", help="FER CSV or folder with the face (default: the usual file in data/)")
    add(
        "--layer",
        metavar="NAME",
        help="convolution or dense layer, of which the last has the classes (default: the first convolution, "
        "or in a dense network the classes)",
    )
    add("--preset", choices=PRESETS, default="plain", help="plain: the report's; the others suit deep layers")
    add("--steps", type=whole_number(1), default=100, metavar="N", help="steps of the ascent")
    add("--outputs", type=whole_number(0), metavar="ROW", help="row of the face (default: a happy one)")
    text = "also draw the N of 1,000 faces, spread over the data, that activate each filter most"
    add("--examples", type=whole_number(1, MOST_EXAMPLES), metavar="N", help=text)
    add("--order", choices=("index", "activation"), default="index", help="of the filters in the figures")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="random seed for noise and jitter")
    parser.add_figure_files("filters.png")
    return parser.parse_args(argv)
