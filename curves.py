"""Draw the training curves of several runs into one figure, to compare them.

    python curves.py runs/cnn runs/dnn --out curves.png

Writes loss, accuracy and learning rate by epoch, with the best epoch of each run marked. The .json file
beside exported weights serves as a run too:

    python curves.py models/weights/*.json
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.figures import save_figures
from analysis.figures.curves import draw_curves
from command_line import one_line_errors
from command_line.figures import FigureParser, figure_files
from data import InputError
from training.run_folder import read_history


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw the runs named in `argv`."""
    parser = FigureParser(__doc__)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders, or .json files beside weights")
    parser.add_figure("curves.png")
    arguments = parser.parse_args(argv)
    files = figure_files(arguments)
    names = [Path(run).resolve().name.removesuffix(".json") for run in arguments.runs]
    if len(set(names)) < len(names):
        names = arguments.runs
    histories = {name: read_history(Path(run)) for name, run in zip(names, arguments.runs, strict=True)}
    for name, history in histories.items():
        if not history:
            raise InputError(f"{name}: has no finished epoch yet; continue the run or omit it")
    for file in save_figures({"": draw_curves(histories)}, files):
        print(f"wrote {file}")
    return {"runs": names}


if __name__ == "__main__":
    main()
