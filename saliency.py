"""Draw which pixels of a face move the network's logit of a class (report, question 4).

    python saliency.py --data data/icml_face_data.csv --weights runs/cnn --out saliency.png
    python saliency.py --images me.jpg --method smoothgrad

Shows for each class the held-out face that the network gets right with most confidence (where it gets none
right, the one that it is most confident about, marked as wrong): the face, its saliency map, and the map over
the face. --worst shows its most confident mistakes, --rows other faces, --images those found in photographs,
and --mean averages faces and maps per class. Writes the figure, its numbers beside it as .json, and with
--check a second figure, saliency-check.png, of ten random faces of each class (with --rows and --images, of
the faces shown). Held-out faces are those of PublicTest, or of data without Usage, that the weights were not
trained on. Rows count from 0 in the file's order.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.attribution import METHODS, explain, saliency_maps, surest_faces
from analysis.facial_parts import mean_saliency
from analysis.figures import save_figures
from analysis.figures.saliency import MOST_COLUMNS, draw_checks, draw_mean_saliency, draw_saliency
from analysis.held_out import held_out
from analysis.metrics import most_confident_mistakes
from analysis.saliency_checks import check_saliency, random_faces
from command_line import one_line_errors, whole_number
from command_line.figures import FigureParser, figure_files, row_numbers
from data import CLASS_NAMES, InputError
from data.faces import Faces, locate_faces, read_faces
from data.photographs import NO_FACE, Photograph, face_table, read_photographs
from models.prediction import predict_probabilities, set_up_keras
from models.weights import DEFAULT_SINGLE, HELP_SINGLE, Weights, find_weights, load_network


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = FigureParser(__doc__)
    parser.add_data(or_images=True)
    add = parser.add_argument
    add("--weights", default=DEFAULT_SINGLE, metavar="RUN", help=HELP_SINGLE)
    parser.add_subset()
    add("--rows", type=row_numbers, metavar="I,J,...", help="only these faces; 0 is the first in the file")
    add("--method", choices=(*METHODS, "all"), nargs="+", default=["gradient"], help="one or several")
    choices, text = ("predicted", "true", *CLASS_NAMES), "class whose logit is explained"
    add("--class", dest="explained", choices=choices, default="predicted", help=text)
    add("--worst", type=whole_number(1, MOST_COLUMNS), metavar="N", help="the N most confident mistakes")
    add("--mean", type=whole_number(1), metavar="N", help="average the maps of up to N faces of each class")
    add("--check", action="store_true", help="test whether the maps can be trusted")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="seed of all that is random")
    parser.add_figure("saliency.png")
    arguments = parser.parse_args(argv)
    if arguments.images:
        parser.refuse(arguments, ["rows", "classes"], "goes with --data only")
    choosing = ("mean", "worst", "validation", "labels", "allow_seen")
    choosing = choosing if arguments.images or arguments.rows else ()
    parser.refuse(arguments, choosing, "does not go with --images or --rows, which choose the faces")
    if arguments.worst:
        parser.refuse(arguments, ["mean"], "does not go with --worst")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw the saliency maps that `argv` asks for; give the record that is also written as JSON."""
    arguments = parse_args(argv)
    weights = find_weights(arguments.weights)
    files = figure_files(arguments, ["-check"] if arguments.check else [], [".json"])
    photographs = read_photographs(arguments.images, arguments.faces) if arguments.images else []
    faces = read_chosen(arguments, photographs, weights)

    set_up_keras(deterministic=True)
    network = load_network(weights)
    # Calibrated, as in predict.py.
    probabilities = predict_probabilities([network], faces.images, temperatures=[weights.temperature])
    table = explain(faces, probabilities, arguments.explained)
    source = {"data": Path(faces.source).name}
    if photographs:
        source, found = {"images": arguments.images}, face_table(photographs, probabilities)
        print(found.astype(object).fillna("-").to_string(index=False, float_format="{:.3f}".format))
        # A row for each face in both, in one order; photographs without a face have one in `found` only.
        table = found.dropna().reset_index().loc[:, "file":"side"].join(table.drop(columns="row"))
    classes = table["explained"].map(CLASS_NAMES.index).to_numpy()
    is_chosen = bool(arguments.images or arguments.rows)
    shown = table if is_chosen else surest_faces(table, arguments.mean or 1)
    is_right = shown["predicted"] == shown["true"]
    if arguments.mean and is_right.any():  # other maps are of other classes
        shown = shown[is_right]
    if arguments.worst:
        mistakes = most_confident_mistakes(faces, probabilities, arguments.worst)
        if not len(mistakes):
            raise InputError(f"{faces.source}: {weights.name} makes no mistake; omit --worst")
        shown = table.iloc[mistakes]
    checked = table if is_chosen else random_faces(table, arguments.seed)

    images, described = faces.images[shown.index], shown.to_dict("records")
    maps = saliency_maps(network, arguments.method, images, classes[shown.index], arguments.seed)
    mean = mean_saliency(images, shown["true"].to_numpy(), maps) if arguments.mean else None
    title = f"What moves the logit of the {arguments.explained} class in {weights.name}"
    title += ": its most confident mistakes" if arguments.worst else ""
    figures = {"": draw_mean_saliency(mean, title) if mean else draw_saliency(images, maps, described, title)}
    checks = None
    if arguments.check:
        images = faces.images[checked.index]
        checks = check_saliency(network, images, classes[checked.index], list(maps), arguments.seed)
        figures["-check"] = draw_checks(checks, weights.name)
    record = source | {"weights": str(weights.path), "seed": arguments.seed, "methods": list(maps)}
    record |= {"faces": described, "mean": mean and mean.record(), "checks": checks and checks.record()}
    written = [f"wrote {file}" for file in save_figures(figures, files, record)]
    print(*filter(None, (mean, checks)), *written, sep="\n")
    return record


def read_chosen(arguments: argparse.Namespace, photographs: Sequence[Photograph], weights: Weights) -> Faces:
    """All faces of photographs, those of --rows, or else the held-out ones. Raises InputError."""
    if photographs:
        faces = Faces(np.concatenate([each.images for each in photographs]), source="--images")
        if not len(faces):
            raise InputError(f"{arguments.images[0]}: {NO_FACE}; crop to the face and give --faces whole")
    elif arguments.rows:
        faces = read_faces(locate_faces(arguments.data, "measure"), None, arguments.classes, arguments.faces)
        if not np.isin(arguments.rows, faces.rows).all():
            raise InputError(f"--rows: {faces.source} has the rows 0 to {faces.rows[-1]}; choose among these")
        faces = faces.select(np.searchsorted(faces.rows, arguments.rows))
    else:
        data = locate_faces(arguments.data, "measure")
        faces = read_faces(data, arguments.labels, arguments.classes, arguments.faces)
        held = held_out(faces, [weights], arguments.validation, arguments.allow_seen)
        print(held, flush=True)
        return held.reference
    if len(faces) > MOST_COLUMNS:
        raise InputError(f"{len(faces)} faces do not fit into one figure; give at most {MOST_COLUMNS}")
    if arguments.explained == "true" and faces.labels is None:
        raise InputError(f"--class true: {faces.source} has no labels; choose another --class")
    return faces


if __name__ == "__main__":
    main()
