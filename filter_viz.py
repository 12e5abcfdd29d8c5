"""Draw what activates each filter of a layer, and its output for one face (report, question 5).

    python filter_viz.py --weights runs/cnn --data data/icml_face_data.csv --out filters.png
    python filter_viz.py --layer dense_2 --examples 4

Writes filters.png (for each filter the picture that activates it most, found by gradient ascent from noise,
and the activation by the best of 1,000 faces where that is higher), filters.csv (each filter's activation by
its picture, by that face, and by plain pictures of the grey levels 75, dark, and 183, light) and
filters-outputs.png (the outputs of the filters for one face, the happy one of saliency.py). Pictures and
compared faces have the mean and contrast of an average face, unless --unconstrained. --examples adds
filters-examples.png, the faces that activate each filter most. Without --data and without a data set in
data/, everything that needs faces is omitted; a dense layer has no outputs to draw. Filters and rows count
from 0. Of a layer with more than 64 filters, the first 64 are drawn.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import activation_maximisation as maximisation
from analysis.figures import save_figures
from analysis.figures.filters import draw_examples, draw_outputs, draw_pictures
from command_line import one_line_errors, whole_number
from command_line.figures import FigureParser, figure_files
from data import InputError
from data.faces import Faces, locate_faces, read_faces
from models.prediction import set_up_keras
from models.weights import DEFAULT_SINGLE, HELP_SINGLE, find_weights, load_network


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = FigureParser(__doc__)
    parser.add_data()
    add = parser.add_argument
    add("--weights", default=DEFAULT_SINGLE, metavar="RUN", help=HELP_SINGLE)
    text = "convolution or dense layer (default: the first convolution, in a dense network the classes)"
    add("--layer", metavar="NAME", help=text)
    add("--steps", type=whole_number(1), default=100, metavar="N", help="steps of the ascent")
    add("--unconstrained", action="store_true", help="pictures and faces of any mean and contrast")
    add("--labels", metavar="CSV", help="id,label file for data without labels, to choose the happy face")
    add("--outputs", type=whole_number(0), metavar="ROW", help="row of the face (default: a happy one)")
    add("--examples", type=whole_number(1, 9), metavar="N", help="also draw each filter's N strongest faces")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="seed of the noise and the shifts")
    parser.add_figure("filters.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw the units of one layer with the options in `argv`; give what is also written as CSV."""
    arguments = parse_args(argv)
    weights, row = find_weights(arguments.weights), arguments.outputs
    files = figure_files(arguments, ["-outputs"] + ["-examples"] * bool(arguments.examples), [".csv"])
    faces = read_given(arguments)
    if faces and row is not None and row >= len(faces):
        raise InputError(f"--outputs {row}: choose one of the rows 0 to {len(faces) - 1} of {faces.source}")

    set_up_keras(deterministic=True)
    network, name = load_network(weights), weights.name
    units = maximisation.find_units(network, arguments.layer, constrained=not arguments.unconstrained)
    if row is not None and units.kind != "filter":
        raise InputError(f"--outputs: {units.layer} is a dense layer without pictures; choose a convolution")
    ascent = maximisation.maximise_activation(units, arguments.steps, arguments.seed)
    found = maximisation.strongest_faces(units, faces, arguments.examples or 1) if faces else None
    if found:  # a unit that a face activates is not dead, though no picture was found
        ascent.dead[found.activations[:, 0] > 0] = False
    figures = {"": draw_pictures(units, name, ascent, found)}
    if found and arguments.examples:
        figures["-examples"] = draw_examples(units, name, ascent, found)
    if faces and found and units.kind == "filter":
        face = maximisation.happy_face(network, weights, faces) if row is None else faces.select([row])
        outputs = maximisation.filter_outputs(units, face.images[0])
        figures["-outputs"] = draw_outputs(units, name, outputs, face)

    columns = {"name": units.names, "activation": ascent.activations, "dead": ascent.dead}
    columns |= {"plain_dark": ascent.plain[0], "plain_light": ascent.plain[1]}
    table = pd.DataFrame(columns | {"best_face": found.activations[:, 0] if found else None})
    for file in save_figures(figures, files, tables={"": table.to_csv(index=False, lineterminator="\n")}):
        print(f"wrote {file}")
    rows = table.to_dict("records")
    return {"weights": str(weights.path), "layer": units.layer, "kind": units.kind, "units": rows}


def read_given(arguments: argparse.Namespace) -> Faces | None:
    """The faces of --data or data/; None where data/ has none and no option needs them. Raises InputError."""
    try:
        data = locate_faces(arguments.data, "measure")
    except InputError as error:
        if arguments.data or arguments.labels or arguments.examples or arguments.outputs is not None:
            raise
        print(f"all that needs faces is omitted: {error}")
        return None
    labels = arguments.labels if arguments.outputs is None else None  # rows count all faces
    return read_faces(data, labels, arguments.classes, arguments.faces)


if __name__ == "__main__":
    main()
