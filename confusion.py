"""Show what a network takes for what (report, question 3): a confusion matrix on faces it has not seen.

    python confusion.py --data data/fer2013.csv --weights runs/cnn --versus runs/dnn --out confusion.png

Writes the figure (.png, .pdf or .svg) and beside it, with the endings .json and .csv, the matrix, accuracy,
balanced accuracy, precision, recall and F1 per class, calibration error and the pairs most often confused.
--versus draws a second matrix and the difference. --worst also draws the most confidently wrong faces of
--weights, into FILE with '-worst' in its name; rows count from 0.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.held_out import HeldOut, held_out

from analysis.confusion_tables import as_csv, as_json, as_text
from analysis.figures.confusion import draw_comparison, draw_confusion, draw_worst_faces
from analysis.figures.saving import ENDINGS, save_figures
from analysis.held_out import SPLITS, HeldOut, held_out
from analysis.metrics import Scores, evaluate, most_confidently_wrong
from command_line.arguments import Parser, keep_inputs, output_files, whole_number
from command_line.errors import one_line_errors
from data.atomic import write_text
from data.errors import InputError
from data.locate import locate_data
from models.locate import DEFAULT, HELP, find_all
from models.prediction import predict_with_files
from models.weights_file import ENDING, WeightsFile
from training.run_split import split_of_run


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", metavar="CSV", help="FER CSV; without it train.csv or fer2013.csv in data/")
    add(
        "--weights",
        metavar="RUN_OR_FILE",
        nargs="+",
        default=[DEFAULT],
        help=f"{HELP}; several are averaged",
    )
    add("--versus", metavar="RUN_OR_FILE", nargs="+", default=[], help="weights to compare with")
    add(
        "--validation",
        choices=SPLITS,
        help="rows to measure on: the validation split of the run, all labelled ones, or those of a Usage; "
        "without it PublicTest, or all where there is no Usage",
    )
    add("--labels", metavar="CSV", help="id,label file for data without labels")
    add("--tta", action="store_true", help="average over four views: as it is, 5 %% closer, both mirrored")
    add("--allow-seen", action="store_true", help="keep faces that the weights were trained on")
    add("--worst", type=whole_number(1), metavar="N", help="also draw the N most confidently wrong faces")
    parser.add_figure_files("confusion.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, draw and save with the options in `argv`."""
    arguments = parse_args(argv)
    files = output_files(arguments.out, ENDINGS)
    out = files[0]
    data = locate_data(arguments.data, "train")
    keep_inputs([out.with_suffix(".csv"), out.with_suffix(".json")], [data, arguments.labels])
    networks = {
        name: find_all(paths) for name, paths in _names([arguments.weights, arguments.versus]).items()
    }
    held = held_out(
        data,
        [weights for group in networks.values() for weights in group],
        split_of_run,
        split=arguments.validation,
        labels=arguments.labels,
        allow_seen=arguments.allow_seen,
    )
    print(held, flush=True)
    probabilities = {
        name: predict_with_files(group, held.faces.images, arguments.tta) for name, group in networks.items()
    }
    scores = {name: evaluate(held.faces.labels, values) for name, values in probabilities.items()}
    for name, each in scores.items():
        print(f"\n{as_text(name, each)}")
    print()
    views = ", four views" if arguments.tta else ""
    titles = [
        f"{name}: {100 * each.accuracy:.1f} % of {held.described()}{views}" for name, each in scores.items()
    ]
    matrices = [each.matrix for each in scores.values()]
    if arguments.versus:
        figures = {"": draw_comparison(matrices, titles, list(scores))}
    else:
        figures = {"": draw_confusion(matrices[0], titles[0])}
    if arguments.worst:
        values = probabilities[next(iter(networks))]
        worst = most_confidently_wrong(held.faces.labels, values, arguments.worst)
        figures["-worst"] = draw_worst_faces(
            held.faces.images[worst], held.faces.labels[worst], values[worst], held.faces.rows[worst]
        )
    for file in save_figures(figures, files):
        print(f"wrote {file}")
    texts = {
        ".json": json.dumps(_record(held, networks, scores) | {"tta": arguments.tta}, indent=2) + "\n",
        ".csv": as_csv(scores),
    }
    for ending, text in texts.items():
        write_text(out.with_suffix(ending), text)
        print(f"wrote {out.with_suffix(ending)}")


def _names(groups: list[list[str]]) -> dict[str, list[str]]:
    """The groups of paths, where not empty, by the first path's folder, or as typed if that is the same."""
    groups = [paths for paths in groups if paths]
    short = [_more(Path(paths[0]).resolve().name.removesuffix(ENDING), paths) for paths in groups]
    typed = [" + ".join(paths) for paths in groups]
    for names in (short, typed):
        if len(set(names)) == len(groups):
            return dict(zip(names, groups, strict=True))
    raise InputError(f"--versus {typed[0]}: is what --weights gives; give other weights")


def _more(name: str, paths: list[str]) -> str:
    return name if len(paths) == 1 else f"{name} + {len(paths) - 1} more"


def _record(
    held: HeldOut, networks: dict[str, list[WeightsFile]], scores: dict[str, Scores]
) -> dict[str, Any]:
    return {
        "data": held.faces.source,
        "validation": held.split,
        "faces": len(held.faces),
        "seen": held.seen,
        "seen_left_out": held.left_out,
        "networks": {
            name: {"weights": [str(weights.path) for weights in networks[name]]} | as_json(each)
            for name, each in scores.items()
        },
    }


if __name__ == "__main__":
    main()
