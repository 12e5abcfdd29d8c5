"""Draw what each filter of a layer looks for, and its output for one face (report, question 5).

    python filter_viz.py --weights runs/cnn --data data/icml_face_data.csv --out filters.png

Writes filters.png (for each filter the input that activates it most, found by gradient ascent from noise),
filters.csv (each filter's activation before every step and after the last) and filters-outputs.png (the
outputs of the filters for one face, with the kernels of a first layer). The outputs need a convolution and a
face: without --data and without a data set in data/ they are omitted. Filters are numbered from 0.
"""

from command_line.errors import one_line_errors

import argparse
from collections.abc import Sequence

import numpy as np

from analysis.activation_maximisation import (
    PRESETS,
    filter_outputs,
    find_layer,
    first_kernels,
    maximise_activation,
)
from analysis.figures.filters import draw_filter_images, draw_filter_outputs
from analysis.figures.saving import save_figures
from analysis.held_out import surest_happy_row
from command_line.arguments import Parser, whole_number
from command_line.outputs import figure_files
from command_line.progress import progress_bars
from data.cache import read_cached
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.locate import locate_data
from models.locate import DEFAULT_SINGLE, HELP, find_weights
from models.tensorflow_setup import set_up_tensorflow
from models.weights_file import load_network


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--weights", default=DEFAULT_SINGLE, metavar="RUN", help=HELP)
    add("--data", metavar="DATA", help="FER CSV or folder of the face (default: the usual file in data/)")
    add(
        "--layer", default="conv2d_1", metavar="NAME", help="convolution or dense layer; dense_2: the classes"
    )
    add("--preset", choices=PRESETS, default="plain", help="plain as the report; the others suit deep layers")
    add("--steps", type=whole_number(1), default=200, metavar="N", help="steps of the ascent")
    add("--outputs", type=whole_number(0), metavar="ROW", help="the face (default: the surest happy one)")
    add("--order", choices=("index", "activation"), default="index", help="of the filters in both figures")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="of noise and jitter")
    parser.add_figure_files("filters.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the filters of one layer with the options in `argv`."""
    arguments = parse_args(argv)
    weights = find_weights(arguments.weights)
    faces = read_faces(arguments.data, arguments.outputs)
    inputs = [faces.source if faces else None]
    files = figure_files(arguments.out, inputs, more=["-outputs"], texts=[".csv"], tables=["filter,dead,"])
    set_up_tensorflow(deterministic=True)
    network = load_network(weights)
    layer = find_layer(network, arguments.layer)
    is_convolution = len(layer.output.shape) == 4
    if arguments.outputs is not None and not is_convolution:
        raise InputError(f"--outputs: those of the dense {layer.name} are no pictures; choose a convolution")
    preset = PRESETS[arguments.preset]
    progress = progress_bars()
    ascent = maximise_activation(network, layer.name, preset, arguments.steps, arguments.seed, progress)

    reached = ascent.curves[:, -1]
    is_last = layer is network.layers[-1]
    names = CLASS_NAMES if is_last else [str(number) for number in range(len(reached))]
    kind = "class" if is_last else "filter"
    measure = "mean activation over the picture" if is_convolution else "logit" if is_last else "activation"
    by_activation = arguments.order == "activation"
    order = np.argsort(-reached, kind="stable") if by_activation else np.arange(len(reached))
    title = f"{layer.name} of {weights.name}: what activates each {kind} most"
    title += f" ({arguments.preset}, {arguments.steps} steps)\nabove each: {kind}, {measure} reached"
    figures = {"": draw_filter_images(ascent.images, reached, ascent.dead, names, order, title)}
    if faces is not None and is_convolution:
        row = arguments.outputs
        if row is None:
            row = surest_happy_row(network, faces, weights, progress)
        face, kernels = faces.images[row], first_kernels(layer)
        outputs = filter_outputs(network, layer.name, face)
        title = f"{layer.name} of {weights.name}: what the same filters answer to row {row}"
        title += "\nabove each: filter, highest output (the other figure gives mean activations)"
        figures["-outputs"] = draw_filter_outputs(face, outputs, kernels, names, order, title)
    for file in save_figures(figures, files, table=ascent.table(names).to_csv(lineterminator="\n")):
        print(f"wrote {file}")


def read_faces(path: str | None, row: int | None) -> Dataset | None:
    """The faces of the second figure; None where none are asked for and data/ has none. Raises InputError."""
    try:
        file = locate_data(path, "measure")
    except InputError:
        if path is None and row is None:
            return None
        raise
    faces = read_cached(file)
    if row is not None and row >= len(faces):
        raise InputError(f"--outputs {row}: {file} has the rows 0 to {len(faces) - 1}; choose one of them")
    return faces


if __name__ == "__main__":
    main()
