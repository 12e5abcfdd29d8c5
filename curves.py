"""Draw the training curves of several runs into one figure, to compare them.

    python curves.py runs/cnn runs/dnn --out curves.png

Writes loss, accuracy and learning rate by epoch; a star marks the epoch whose weights are used. A weight file
or the .json file beside exported weights serves as a run too. Of runs that differ in their seed only, mean
and standard deviation are printed and drawn.

    python curves.py models/weights/*.json
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.figures import save_figures
from analysis.figures.curves import best_accuracies, draw_curves
from analysis.trainings import differ_in_seed, read_training, soft_targets
from command_line import one_line_errors
from command_line.figures import FigureParser, figure_files
from data import InputError
from models.weights import BEST, ENDING, LAST


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw the runs named in `argv`."""
    parser = FigureParser(__doc__)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders, weights, or .json beside these")
    parser.add_figure("curves.png")
    arguments = parser.parse_args(argv)
    files = figure_files(arguments)
    paths = [Path(run) for run in arguments.runs]
    # As Weights.name.
    whole = [path.resolve().parent if path.name in (BEST, LAST) else path.resolve() for path in paths]
    names = [path.name.removesuffix(".json").removesuffix(ENDING) for path in whole]
    if len(set(names)) < len(names):
        names = arguments.runs
    trainings = {name: read_training(path) for name, path in zip(names, paths, strict=True)}
    for name, training in trainings.items():
        if not training["history"]:
            way_out = "check the path, continue the run, or give the .json beside exported weights"
            raise InputError(f"{name}: has no finished epoch; {way_out}")
    histories = {name: training["history"] for name, training in trainings.items()}
    used = {name: training["epoch"] for name, training in trainings.items()}
    soft = {name: soft_targets(training) for name, training in trainings.items()}
    seeds = differ_in_seed(list(trainings.values()))
    if seeds:
        best = best_accuracies(histories, used)
        print(f"accuracy {best.mean():.4f} ± {best.std(ddof=1):.4f}, mean and deviation of {len(best)} seeds")
    for file in save_figures({"": draw_curves(histories, used, soft, seeds)}, files):
        print(f"wrote {file}")
    return {"runs": names}


if __name__ == "__main__":
    main()
