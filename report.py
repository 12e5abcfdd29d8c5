"""Rebuild the whole report on FER2013: every figure, and one page with its numbers beside yours.

    python report.py --data FOLDER --out report
    python report.py --data FOLDER --runs runs/cnn runs/dnn ensemble --out report

FOLDER holds your CSV files under their usual names: fer2013.csv or icml_face_data.csv, whose PublicTest rows
are measured on, else train.csv, for the split that the run held out; with --labels, test.csv. Or it has the
class folders of pictures. Without --runs the shipped CNN and DNN are shown. The first network is compared
with each of the others; if there is a CNN, it counts as the first. Without --data the page shows what
`make demo` made. Writes report.html, which opens offline, and beside it the figures as .png and .pdf with
their numbers. On two cores --quick takes about a minute, the whole report about five.
"""

from command_line.errors import one_line_errors

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from command_line.arguments import Parser
from data.atomic import write_files
from data.errors import InputError
from models import REPORT_NETWORKS
from models.locate import HELP
from reporting.commands import FULL, QUICK, plan
from reporting.inputs import find_data, find_networks
from reporting.output import filled_folder
from reporting.page import render_page
from training.environment import PROJECT

DEMO = PROJECT / "demo"


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options, see --help, and `is_drawn`: whether they are those of the demo."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="folder of your CSV files, or of pictures")
    add("--labels", metavar="CSV", help="id,label file: measure on the test.csv in FOLDER")
    add("--runs", nargs="+", metavar="RUN", help=f"networks, any number (default: cnn dnn): {HELP}")
    add("--quick", action="store_true", help="short ascents, few faces per mean map, no checks of the maps")
    add("--out", type=Path, default=Path("report"), metavar="FOLDER", help="output folder")
    arguments = parser.parse_args(argv)
    arguments.is_drawn = arguments.data is None
    if not arguments.is_drawn:
        arguments.runs = arguments.runs or REPORT_NETWORKS
    elif arguments.runs or arguments.labels:
        raise InputError("--runs and --labels need --data; omit them for the faces of make demo")
    elif not DEMO.is_dir():
        raise InputError(f"{DEMO}: does not exist yet; run make demo, or give --data")
    else:
        arguments.data, arguments.runs = DEMO, [str(DEMO / name) for name in REPORT_NETWORKS]
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Write the page and figures that `argv` asks for."""
    arguments = parse_args(argv)
    networks = find_networks(arguments.runs)
    data_options = find_data(arguments.data, arguments.labels, networks)
    commands = plan(networks, data_options, QUICK if arguments.quick else FULL)
    names = ["report.html", *(name for command in commands for name in command.files)]
    with filled_folder(arguments.out, names) as folder:
        for number, command in enumerate(commands, start=1):
            if sys.stdout.isatty():
                print(f"step {number} of {len(commands)}: {command.purpose}")
            print(command.shown(arguments.out), flush=True)
            command.run(folder)
        page = render_page(folder, arguments.out, networks, commands, arguments.is_drawn)
        write_files({folder / "report.html": page})
    print(f"wrote {arguments.out / 'report.html'} and the figures beside it")


if __name__ == "__main__":
    main()
