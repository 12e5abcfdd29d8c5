"""Draw the training curves of several runs into one picture, to compare them.

    python curves.py runs/cnn runs/dnn --out curves.png

Writes loss, accuracy and learning rate by epoch, with the best epoch of each run marked. The picture of a
single run is in its folder as curves.png. The .json file beside exported weights serves as a run too:

    python curves.py models/weights/*.json
"""

from command_line.errors import one_line_errors

from collections.abc import Sequence
from pathlib import Path

from analysis.figures.curves import draw_curves
from analysis.figures.saving import save_figures
from command_line.arguments import Parser
from command_line.outputs import figure_files
from data.errors import InputError
from data.files import without_links
from training.run_folder import read_history


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the runs named in `argv`."""
    parser = Parser(__doc__)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders, or .json files beside weights")
    parser.add_figure_files("curves.png")
    arguments = parser.parse_args(argv)
    files = figure_files(arguments.out, [run for run in arguments.runs if Path(run).is_file()])
    names = [without_links(run).name.removesuffix(".json") for run in arguments.runs]
    if len(set(names)) < len(names):
        names = arguments.runs
    histories = {name: _history(run) for name, run in zip(names, arguments.runs, strict=True)}
    for file in save_figures({"": draw_curves(histories)}, files):
        print(f"wrote {file}")


def _history(run: str) -> list[dict[str, float]]:
    history = read_history(Path(run))
    if not history:
        raise InputError(f"{run}: its history holds no finished epoch; continue the run or omit it")
    return history


if __name__ == "__main__":
    main()
