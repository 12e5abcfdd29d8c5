"""Show which emotions a network confuses (report, question 3), on faces that it was not trained on.

    python confusion.py --weights runs/cnn --versus runs/dnn --out confusion.png

Writes the figure (.png, .pdf or .svg) and beside it, as .csv and .json, accuracy, balanced accuracy,
precision, recall, F1, calibration error, the matrix and the pairs most often confused. Accuracy, recall and
differences have 95 % intervals. Accuracy is given for all faces and for those without duplicates in training;
all else is measured on the latter, unless --allow-seen is given. Each --versus also draws another network's
matrix (confusion-2.png, then -3) and what it does better and worse than --weights (confusion-2-minus-1.png).
--worst also draws the most confident mistakes of --weights (confusion-worst.png, and as .csv), one of each
set of duplicates, --roc the ROC curves (confusion-roc.png), --calibration the reliability diagram
(confusion-calibration.png). Of runs that differ in their seed only, mean and deviation are printed and drawn
(confusion-seeds.png). Rows count from 0.
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from analysis import confusion as scoring
from analysis.figures import confusion as drawing
from analysis.figures import save_figures
from analysis.held_out import held_out
from analysis.metrics import ALL, expected_calibration_error, most_confident_mistakes
from analysis.trainings import differ_in_seed, read_training
from command_line import one_line_errors, whole_number
from command_line.figures import FigureParser, figure_files
from data.faces import locate_faces, read_faces
from data.submission import probabilities_csv
from models.prediction import predict
from models.weights import DEFAULT, HELP


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = FigureParser(__doc__)
    parser.add_data()
    add = parser.add_argument
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged")
    text = "weights to compare with, several averaged; may be given again for other weights"
    add("--versus", metavar="RUN", nargs="+", action="append", default=[], help=text)
    parser.add_subset()
    add("--tta", action="store_true", help="average over each face and its mirror image; takes twice as long")
    text = "also draw the N most confident mistakes, and write a row of probabilities for each"
    add("--worst", type=whole_number(1), metavar="N", help=text)
    text = "also draw how probabilities and accuracies agree, and the accuracy of the surest faces"
    add("--calibration", action="store_true", help=text)
    add("--roc", action="store_true", help="also draw ROC curves, each class against the rest")
    parser.add_figure("confusion.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print, draw and save with the options in `argv`; return what is also written as JSON."""
    arguments = parse_args(argv)
    data = locate_faces(arguments.data, "measure")
    networks = scoring.named_ensembles([arguments.weights, *arguments.versus])
    is_single = all(len(group) == 1 for group in networks.values())
    is_repeated = is_single and differ_in_seed([read_training(each.path) for [each] in networks.values()])
    files = planned_files(arguments, is_repeated)
    faces = read_faces(data, arguments.labels, arguments.classes, arguments.faces)
    held = held_out(faces, [*chain(*networks.values())], arguments.validation, arguments.allow_seen)
    print(held, flush=True)

    probabilities = {name: predict(each, held.faces.images, arguments.tta) for name, each in networks.items()}
    scores = scoring.measure(held.faces.require_labels(), probabilities, held.subsets)
    for name, tables in scores.items():
        print(scoring.as_text(name, tables))

    described = held.described() + ("\nwith test-time augmentation" if arguments.tta else "")
    reference, figures, measured = next(iter(networks)), {}, {}
    for number, (name, group) in enumerate(networks.items(), start=1):
        title, table = f"{name} minus {reference}", scores[name][held.subset]
        figures["" if number == 1 else f"-{number}"] = drawing.draw_scores(name, table, described)
        measured[name] = {"weights": [str(each.path) for each in group], **scoring.as_record(scores[name])}
        measured[name]["difference"] = scoring.as_record(scores[title]) if title in scores else None
        if title in scores:
            difference = scores[title][held.subset]
            figures[f"-{number}-minus-1"] = drawing.draw_difference(difference, f"{title}\n{described}")
    record = {"data": data.name, "labelled_by": held.faces.labelled_by, "usage": held.usage}
    record |= {"tta": arguments.tta, "subset": held.subset}
    record |= {"faces": {key: int(rows.sum()) for key, rows in held.subsets.items()}, "networks": measured}
    labels, rows = held.reference.require_labels(), held.subsets[held.subset]
    if arguments.calibration:
        after = predict(networks[reference], held.reference.images, arguments.tta, calibrated=True)
        values = {"plain": probabilities[reference][rows], "calibrated, as predict.py": after}
        record["expected_calibration_error"] = print_calibration(labels, values)
        figures["-calibration"] = drawing.draw_calibration(labels, values, f"{reference}: {described}")
    if arguments.roc:
        values = {key: one[rows] for key, one in probabilities.items()}
        figures["-roc"] = drawing.draw_roc(labels, values, described)
    if is_repeated:
        by_seed = [scores[name][held.subset] for name in networks]
        statistics = scoring.seed_statistics(by_seed)
        print(f"\n{scoring.seeds_text(statistics, len(by_seed))}")
        figures["-seeds"] = drawing.draw_seeds(by_seed, statistics, described)
        record["seeds"] = statistics.loc[ALL].to_dict("index")
    tables = {"": scoring.as_csv(scores)}
    if arguments.worst:
        values = probabilities[reference][rows]
        worst = most_confident_mistakes(held.reference, values, arguments.worst)
        title = f"{reference}, most confident mistakes\n{described}"
        mistakes = held.reference.select(worst)
        figures["-worst"] = drawing.draw_mistakes(title, mistakes, values[worst])
        tables["-worst"] = probabilities_csv(mistakes, values[worst])
    for file in save_figures(figures, files, record, tables):
        print(f"wrote {file}")
    return record


def planned_files(arguments: argparse.Namespace, is_repeated: bool) -> list[Path]:
    """The files of --out, checked with all that is written beside them. is_repeated: whether seeds differ."""
    added = [f"-{number + 2}{part}" for number in range(len(arguments.versus)) for part in ("", "-minus-1")]
    added += ["-worst"] * bool(arguments.worst) + ["-roc"] * arguments.roc + ["-seeds"] * is_repeated
    added += ["-calibration"] * arguments.calibration
    return figure_files(arguments, added, [".json", ".csv"] + ["-worst.csv"] * bool(arguments.worst))


def print_calibration(labels: np.ndarray, values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Print and give the calibration errors of (N, 7) probabilities, plain and calibrated, by their kind."""
    errors = {kind: expected_calibration_error(labels, each) for kind, each in values.items()}
    print("\nexpected calibration error:", "; ".join(f"{error:.4f} {kind}" for kind, error in errors.items()))
    return errors


if __name__ == "__main__":
    main()
