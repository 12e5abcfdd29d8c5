"""Show which emotions a network confuses (report, question 3), on faces that it has not seen.

    python confusion.py --weights runs/cnn --versus runs/dnn --out confusion.png

Writes the figure (.png, .pdf or .svg) and beside it, with the endings .json and .csv, the matrix, accuracy,
balanced accuracy, precision, recall and F1 per class, calibration error and the pairs most often confused.
--versus draws a second matrix and the difference. --worst also draws the most confidently wrong faces of
--weights, into FILE with '-worst' in its name; rows count from 0.
"""

import argparse
import json
from collections.abc import Sequence

from analysis.compared_networks import find_networks
from analysis.confusion_tables import as_csv, as_json, as_text
from analysis.figures.confusion import draw_scores, draw_worst_faces
from analysis.figures.saving import ENDINGS, save_figures
from analysis.held_out import SPLITS, held_out
from analysis.metrics import evaluate, most_confidently_wrong
from command_line.arguments import Parser, keep_inputs, output_files, whole_number
from command_line.errors import one_line_errors
from data.locate import locate_data
from models.locate import DEFAULT, HELP
from models.prediction import predict_with_files
from training.run_split import split_of_run


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", metavar="CSV", help="FER CSV (default: the data set in data/)")
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged")
    add("--versus", metavar="RUN", nargs="+", default=[], help="weights to compare with")
    parser.add_held_out(SPLITS)
    add("--tta", action="store_true", help="average over four views: as it is, 5 %% closer, both mirrored")
    add("--worst", type=whole_number(1), metavar="N", help="also draw the N most confidently wrong faces")
    parser.add_figure_files("confusion.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, draw and save with the options in `argv`."""
    arguments = parse_args(argv)
    files = output_files(arguments.out, ENDINGS)
    data = locate_data(arguments.data, "measure")
    keep_inputs([files[0].with_suffix(ending) for ending in (".csv", ".json")], [data, arguments.labels])
    networks = find_networks(arguments.weights, arguments.versus)
    held = held_out(
        data,
        [weights for group in networks.values() for weights in group],
        split_of_run,
        split=arguments.validation,
        labels=arguments.labels,
        allow_seen=arguments.allow_seen,
    )
    print(held, flush=True)

    faces, labels = held.faces, held.faces.labels
    probabilities = {
        name: predict_with_files(group, faces.images, arguments.tta) for name, group in networks.items()
    }
    scores = {name: evaluate(labels, values) for name, values in probabilities.items()}
    print("", *(as_text(name, each) + "\n" for name, each in scores.items()), sep="\n")

    figures = {"": draw_scores(scores, held.described() + (", four views" if arguments.tta else ""))}
    if arguments.worst:
        values = next(iter(probabilities.values()))
        worst = most_confidently_wrong(labels, values, arguments.worst)
        figures["-worst"] = draw_worst_faces(
            faces.images[worst], labels[worst], values[worst], faces.rows[worst]
        )
    measured = {
        name: {"weights": [str(weights.path) for weights in networks[name]]} | as_json(each)
        for name, each in scores.items()
    }
    record = held.as_json() | {"networks": measured, "tta": arguments.tta}
    texts = {".json": json.dumps(record, indent=2) + "\n", ".csv": as_csv(scores)}
    for file in save_figures(figures, files, texts):
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
