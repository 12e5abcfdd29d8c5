"""Rebuild the whole report on FER2013: every figure, and one page that sets its numbers beside yours.

    python report.py --data FOLDER --runs runs/cnn runs/dnn --out report

FOLDER holds your CSV files under their usual names: fer2013.csv or icml_face_data.csv, whose PublicTest rows
are measured on, else train.csv, for the split that the run held out; with --labels, test.csv. Without --data
and --runs it shows what `make demo` made. Writes report.html, which opens offline, and beside it the figures
as .png and .pdf with their numbers. On two cores --quick takes about a minute, the whole report about five.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from command_line.arguments import Parser
from command_line.errors import one_line_errors
from data.errors import InputError
from models import REPORT_NETWORKS, builder
from models.locate import find_weights
from models.weights_file import WeightsFile, sidecar_path
from reporting.commands import FULL, QUICK, find_faces, plan
from reporting.findings import Totals
from reporting.material import Material
from reporting.questions import compose
from training.environment import PROJECT, environment

DEMO = PROJECT / "demo"


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options; see --help."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="folder of your CSV files")
    add("--labels", metavar="CSV", help="id,label file: measure on the test.csv in FOLDER")
    add("--runs", nargs="+", metavar="RUN_OR_FILE", help="weights of a CNN, of a DNN, or of both")
    add("--quick", action="store_true", help="short ascents, few faces per mean map, no checks of the maps")
    add("--out", type=Path, default=Path("report"), metavar="FOLDER", help="where to write")
    arguments = parser.parse_args(argv)
    if (arguments.data is None) != (arguments.runs is None):
        raise InputError("--data and --runs go together; leave both away for the faces of make demo")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Write the page and figures that `argv` asks for."""
    arguments = parse_args(argv)
    is_drawn = arguments.data is None
    if is_drawn and not DEMO.is_dir():
        raise InputError(f"{DEMO}: not there yet; run make demo, or name --data and --runs")
    out = output_folder(arguments.out)
    faces = find_faces(DEMO if is_drawn else arguments.data, arguments.labels)
    paths: dict[str, str] = {}
    given: dict[str, WeightsFile] = {}
    for path in [str(DEMO / name) for name in REPORT_NETWORKS] if is_drawn else arguments.runs:
        found = find_weights(path)
        if found.network not in REPORT_NETWORKS:
            raise InputError(f"--runs: {path} is a {found.network}; the report is about a cnn and a dnn")
        if found.network in paths:
            raise InputError(
                f"--runs: {paths[found.network]} and {path} are both a {found.network}; give one"
            )
        paths[found.network], given[found.network] = path, found
    weights = {name: given[name] for name in REPORT_NETWORKS if name in given}
    runs = [history_of(each) for each in weights.values()]
    commands = plan(paths, [run for run in runs if run], faces, QUICK if arguments.quick else FULL)

    try:
        # Beside the folder it becomes, so that the files are renamed and never half there.
        with tempfile.TemporaryDirectory(prefix=".report-", dir=out.parent) as temporary:
            folder = Path(temporary)
            for command in commands:
                print(command.shown(out), flush=True)
                command.run(folder)
            write_page(folder, out, weights, commands, is_drawn)
            out.mkdir(exist_ok=True)
            for file in sorted(folder.iterdir()):
                file.replace(out / file.name)
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); free the disk or choose another --out"
        ) from error
    print(f"wrote {out / 'report.html'} and the figures beside it")


def history_of(weights: WeightsFile) -> str | None:
    """Where curves.py finds the history of these weights: their run folder, or the record beside them."""
    if (weights.path.parent / "history.csv").is_file():
        return str(weights.path.parent)
    sidecar = sidecar_path(weights.path)
    return str(sidecar) if sidecar.is_file() else None


def output_folder(out: Path) -> Path:
    """A folder that exists or can be made. Raises InputError."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder")
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; create it or choose another --out")
    return out


def write_page(
    folder: Path, out: Path, weights: dict[str, WeightsFile], commands: list[Any], is_drawn: bool
) -> None:
    """Write report.html into `folder`, which holds what the commands wrote."""
    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow()
    from models.summary import layer_table, parameter_totals

    networks = {name: builder(name)(mean=0.0, std=1.0) for name in REPORT_NETWORKS}
    material = Material(
        folder=folder,
        out=out,
        weights=weights,
        layers={
            name: {layer: (shape, count) for layer, shape, count in layer_table(network)}
            for name, network in networks.items()
        },
        totals={name: Totals(*parameter_totals(network)) for name, network in networks.items()},
        commands=commands,
        environment=environment(),
        is_drawn=is_drawn,
    )
    (folder / "report.html").write_text(compose(material), encoding="utf-8")


if __name__ == "__main__":
    main()
