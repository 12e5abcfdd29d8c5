"""Show which emotions a network confuses (report, question 3), on faces that it was not trained on.

    python confusion.py --weights runs/cnn --versus runs/dnn --out confusion.png

Writes the figure (.png, .pdf or .svg) and beside it, as .csv and .json, accuracy, balanced accuracy,
precision, recall, F1, calibration error, the matrix and the pairs most often confused. Accuracy, recall and
differences have 95 % intervals. Accuracy is given for all faces and for those without duplicates in training;
all else is measured on the latter, unless --allow-seen is given. Each --versus also draws another network's
matrix (confusion-2.png, then -3) and what it does better and worse than --weights (confusion-2-minus-1.png).
--worst also draws the most confident mistakes of --weights (confusion-worst.png), one of each set of
duplicates; rows count from 0.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from analysis.confusion import as_csv, as_record, as_text, measure, most_confident_mistakes, named_ensembles
from analysis.figures import save_figures
from analysis.figures.confusion import draw_difference, draw_mistakes, draw_scores
from analysis.held_out import held_out
from command_line import one_line_errors, whole_number
from command_line.figures import FigureParser, figure_files
from data import write_file
from data.faces import locate_faces, read_faces
from data.splits import Hashes, group_duplicates
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
    add("--worst", type=whole_number(1), metavar="N", help="also draw the N most confident mistakes")
    parser.add_figure("confusion.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print, draw and save with the options in `argv`; return what is also written as JSON."""
    arguments = parse_args(argv)
    data = locate_faces(arguments.data, "measure")
    added = [f"-{number + 2}{part}" for number in range(len(arguments.versus)) for part in ("", "-minus-1")]
    files = figure_files(arguments, added + ["-worst"] * bool(arguments.worst), [".json", ".csv"])
    networks = named_ensembles([arguments.weights, *arguments.versus])
    weights = [each for group in networks.values() for each in group]
    faces = read_faces(data, arguments.labels, arguments.classes, arguments.faces)
    held = held_out(faces, weights, arguments.validation, arguments.allow_seen)
    print(held, flush=True)

    probabilities = {
        name: predict(group, held.faces.images, arguments.tta) for name, group in networks.items()
    }
    scores = measure(held.faces.require_labels(), probabilities, held.subsets)
    for name, tables in scores.items():
        print(as_text(name, tables))

    described = held.described() + ("\nwith test-time augmentation" if arguments.tta else "")
    reference, figures, measured = next(iter(networks)), {}, {}
    for number, (name, group) in enumerate(networks.items(), start=1):
        title = f"{name} minus {reference}"
        figures["" if number == 1 else f"-{number}"] = draw_scores(name, scores[name][held.subset], described)
        measured[name] = {"weights": [str(each.path) for each in group], **as_record(scores[name])}
        measured[name]["difference"] = as_record(scores[title]) if title in scores else None
        if title in scores:
            difference = scores[title][held.subset]
            figures[f"-{number}-minus-1"] = draw_difference(difference, f"{title}\n{described}")
    if arguments.worst:
        values = probabilities[reference][held.subsets[held.subset]]
        faces, groups = held.reference, group_duplicates(Hashes.of(held.reference.images))
        worst = most_confident_mistakes(faces.require_labels(), values, groups, arguments.worst)
        title = f"{reference}, most confident mistakes\n{described}"
        figures["-worst"] = draw_mistakes(title, faces.select(worst), values[worst])
    record = {"data": data.name, "usage": held.usage, "tta": arguments.tta, "subset": held.subset}
    record["labelled_by"] = held.faces.labelled_by
    record |= {"faces": {key: int(rows.sum()) for key, rows in held.subsets.items()}, "networks": measured}
    written = [*save_figures(figures, files, record), files[0].with_suffix(".csv")]
    write_file(written[-1], as_csv(scores))
    for file in written:
        print(f"wrote {file}")
    return record


if __name__ == "__main__":
    main()
