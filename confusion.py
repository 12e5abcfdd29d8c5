"""Show which emotions a network confuses (report, question 3), on faces that it has not seen.

    python confusion.py --weights runs/cnn --versus runs/dnn --out confusion.png

Writes the figure (.png, .pdf or .svg) and beside it, with the endings .json and .csv, the matrix, accuracy,
balanced accuracy, precision, recall and F1 per class, calibration error and the pairs most often confused.
Accuracy, recall and differences come with 95 % intervals, by bootstrap over the faces. Accuracy is given both
for all faces and for those without a twin in training; everything else is measured on the latter, unless
--allow-seen is given. Each --versus also draws another network's matrix (confusion-2.png, then -3) and what
it does better and worse than --weights (confusion-2-minus-1.png). --worst also draws the most confidently
wrong faces of --weights (confusion-worst.png); rows count from 0.
"""

from command_line.errors import one_line_errors

import argparse
from collections.abc import Sequence

from analysis.compared_networks import find_networks
from analysis.confusion_tables import as_csv, as_text, comparison_as_json, difference_as_text
from analysis.figures.confusion import added_names, draw_networks, draw_worst_faces
from analysis.figures.saving import save_figures
from analysis.held_out import SPLITS, compare_populations, evaluate_populations
from analysis.metrics import most_confidently_wrong
from command_line.arguments import Parser, whole_number
from command_line.held_out import read_held_out
from command_line.outputs import figure_files
from command_line.progress import progress_bars
from data.locate import locate_data
from models.locate import DEFAULT, HELP
from models.prediction import predict_with_files


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", metavar="DATA", help="FER CSV or folder of pictures (default: the data set in data/)")
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged")
    add(
        "--versus",
        metavar="RUN",
        nargs="+",
        action="append",
        default=[],
        help="weights to compare with, several averaged; may be given again for other weights",
    )
    parser.add_held_out(SPLITS)
    add("--tta", action="store_true", help="average over each face and its mirror image; takes twice as long")
    add("--worst", type=whole_number(1), metavar="N", help="also draw the N most confidently wrong faces")
    parser.add_figure_files("confusion.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, draw and save with the options in `argv`."""
    arguments = parse_args(argv)
    data = locate_data(arguments.data, "measure")
    more = added_names(1 + len(arguments.versus), bool(arguments.worst))
    inputs, texts = [data, arguments.labels], (".json", ".csv")
    files = figure_files(arguments.out, inputs, more=more, texts=texts, tables=["network,population,"])
    networks = find_networks(arguments.weights, *arguments.versus)
    held = read_held_out(arguments, data, [weights for group in networks.values() for weights in group])

    faces, labels = held.predicted, held.predicted.require_labels()
    progress = progress_bars()
    probabilities = {
        name: predict_with_files(group, faces.images, arguments.tta, progress)
        for name, group in networks.items()
    }
    scores = {
        name: evaluate_populations(labels, values, held.populations) for name, values in probabilities.items()
    }
    print("", *(as_text(name, each) + "\n" for name, each in scores.items()), sep="\n")

    first, *others = networks
    differences = {
        name: compare_populations(labels, probabilities[first], probabilities[name], held.populations)
        for name in others
    }
    for name, difference in differences.items():
        print(difference_as_text(f"{name} minus {first}", difference) + "\n")
    record = comparison_as_json(held, networks, scores, differences, arguments.tta)

    described = held.described() + (", with mirror images" if arguments.tta else "")
    figures = draw_networks(scores, differences, held.population, described)
    if arguments.worst:
        faces, values = held.faces, probabilities[first][held.populations[held.population]]
        worst = most_confidently_wrong(faces.labels, values, arguments.worst)
        figures["-worst"] = draw_worst_faces(
            f"{first}, most confidently wrong\n{described}",
            faces.images[worst],
            faces.labels[worst],
            values[worst],
            faces.rows[worst],
        )
    for file in save_figures(figures, files, record, as_csv(scores)):
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
