"""Rebuild the whole report on FER2013: every figure, and one page with its numbers beside yours.

    python report.py --data FOLDER --out report
    python report.py --data FOLDER --runs runs/cnn runs/dnn ensemble --out report

FOLDER has your CSV files under their usual names: fer2013.csv or icml_face_data.csv, else train.csv; with
--labels, test.csv, or with those of FER+ (fer2013new.csv) the former. Or it has class folders of pictures.
Measured are faces that no network was trained on.
The reference network, with which the others are compared, is the report's CNN, else the first of --runs.
Without --data the page shows what `make demo` made. Writes report.html, which opens offline, and beside it
the figures as .png and .pdf with their numbers. On two cores that takes half an hour, --quick five minutes.
"""

import argparse
import contextlib
import io
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import confusion
import curves
import filter_viz
import label_errors
import saliency
from analysis.confusion import named_ensembles
from analysis.held_out import held_out
from analysis.trainings import read_training, recorded_in
from command_line import Parser, check_folder, check_outputs, one_line_errors
from data import InputError, write_file
from data.csv_files import read_votes
from data.faces import FILE_NAMES, find_csv, read_faces
from models import CONVOLUTIONAL, REPORT_NETWORKS
from models.weights import HELP, LAST, Weights, find_ensemble
from reporting.findings import METHOD, REPORT_METHOD
from reporting.page import built, render_page

DEMO = "demo"


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options, see --help; the reference network comes first in `runs`."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", default=DEMO, metavar="FOLDER", help="folder of your CSV files, or of pictures")
    add("--labels", metavar="CSV", help="id,label file of the test.csv in FOLDER, or FER+'s labels")
    parser.add_reading()
    add("--runs", nargs="+", metavar="RUN", help=f"networks, any number (default: cnn dnn): {HELP}")
    add("--quick", action="store_true", help="short ascents, few faces per mean map, no checks of the maps")
    add("--out", type=Path, default=Path("report"), metavar="FOLDER", help="output folder")
    parser.add_overwrite()
    arguments = parser.parse_args(argv)
    is_demo = arguments.data == DEMO
    if is_demo and not Path(DEMO).is_dir():
        raise InputError(f"{DEMO}: does not exist yet; run make demo, or give --data")
    arguments.runs = arguments.runs or [f"{DEMO}/{name}" if is_demo else name for name in REPORT_NETWORKS]
    arguments.runs.sort(key=lambda run: find_ensemble([run])[0].network != "cnn")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Write the page and figures that `argv` asks for."""
    arguments = parse_args(argv)
    networks = named_ensembles([[run] for run in arguments.runs])
    check_folder(arguments.out)
    page = arguments.out / "report.html"
    check_outputs(filter(Path.exists, [page]), arguments.overwrite)
    # A network without faces to measure on is named now, not after minutes.
    faces = read_faces(located(arguments), arguments.labels, arguments.classes, arguments.faces)
    held_out(faces, [each for group in networks.values() for each in group])

    arguments.out.mkdir(parents=True, exist_ok=True)
    records, commands = {}, {}
    for stem, script, options in plan(arguments, list(networks.values())):
        files = [str(arguments.out / f"{stem}{ending}") for ending in (".png", ".pdf")]
        commands[stem] = f"python {script.__name__}.py " + shlex.join(map(shown, [*options, "--out", *files]))
        print(commands[stem], flush=True)
        # What the script prints is dropped: the page has it.
        with contextlib.redirect_stdout(io.StringIO()):
            records[stem] = script.main([*options, "--out", *files, *["--overwrite"] * arguments.overwrite])
    write_file(page, render_page(arguments.out, networks, records, commands, arguments.data == DEMO))
    print(f"wrote {page} and the figures beside it")


def plan(arguments: argparse.Namespace, groups: Sequence[Sequence[Weights]]) -> Iterator[tuple]:
    """The stem of each figure, the script that draws it, and the options but those for its files.

    groups: the weights of each of --runs, of which the first is the reference network.
    """
    runs, quick = arguments.runs, arguments.quick
    data = ["--data", str(located(arguments))]
    data += ["--faces", arguments.faces] if arguments.faces else []
    data += ["--classes", *arguments.classes] if arguments.classes else []
    labelled = [*data, "--labels", arguments.labels] if arguments.labels else data
    versus = [word for run in runs[1:] for word in ("--versus", run)]
    yield "confusion", confusion, [*labelled, "--weights", runs[0], *versus, "--worst", "16", "--calibration"]
    if not arguments.labels:
        yield "labels", label_errors, [*data, "--weights", runs[0]]

    # Questions 4 and 5 are about a single network.
    explained = groups[0][0]
    weights = ["--weights", runs[0] if len(groups[0]) == 1 else str(explained.path)]
    methods = ["--method", METHOD, REPORT_METHOD]
    maps, count, steps = (methods, "5", "20") if quick else (["--method", "all", "--check"], "10", "100")
    yield "saliency", saliency, [*labelled, *weights, *maps]
    yield "saliency-mean", saliency, [*labelled, *weights, "--mean", count, *methods]
    if explained.network in CONVOLUTIONAL:
        ascent = [*labelled, *weights, "--steps", steps]
        yield "filters", filter_viz, ascent
        yield "classes", filter_viz, [*ascent, "--layer", built(explained.network)[0][-1][0]]

    paths = dict.fromkeys(each.path for group in groups for each in group)
    if known := [path for path in paths if read_training(path)["history"]]:
        # The run folder stands for its best weights.
        yield "curves", curves, [str(path if path.name == LAST else recorded_in(path)) for path in known]


def located(arguments: argparse.Namespace) -> Path:
    """The CSV in --data to measure on, else the folder itself. FER+'s labels are of all faces."""
    test = arguments.labels and read_votes(arguments.labels) is None
    return find_csv(Path(arguments.data), FILE_NAMES["test" if test else "measure"]) or Path(arguments.data)


def shown(word: str) -> str:
    """A word of a command as the page shows it: paths as seen from here, if they are on the same drive."""
    path = Path(word)
    return os.path.relpath(path) if path.is_absolute() and path.drive == Path.cwd().drive else word


if __name__ == "__main__":
    main()
