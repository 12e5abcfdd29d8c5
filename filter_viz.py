"""Draw what activates each filter of a layer, and its output for one face (report, question 5).

    python filter_viz.py --weights runs/cnn --data data/icml_face_data.csv --out filters.png

Writes filters.png (for each filter the input that activates it most, found by gradient ascent from noise;
beneath it the face that activates it more, if one of 1,000 does), filters.csv (each filter's mean activation
by that face, before every step and after the last) and filters-outputs.png (the outputs of the filters for
one face, with the kernels of a first layer). --examples adds filters-examples.png, the faces that activate
each filter most. Without --data and without a data set in data/, everything that needs faces is omitted; a
dense layer has no outputs to draw. Filters are numbered from 0.
"""

from command_line.errors import one_line_errors

from collections.abc import Sequence

import numpy as np

from analysis.activation_maximisation import (
    PRESETS,
    filter_outputs,
    find_layer,
    first_kernels,
    maximise_activation,
)
from analysis.described_layer import describe_layer
from analysis.figures.filters import draw_examples, draw_filter_images, draw_filter_outputs
from analysis.figures.saving import save_figures
from analysis.filter_examples import compared_faces, strongest_faces
from analysis.held_out import surest_happy_row
from command_line.filter_options import parse_options
from command_line.outputs import figure_files
from command_line.progress import progress_bars
from data.cache import read_cached
from data.dataset import Dataset
from data.errors import InputError
from data.locate import locate_data
from models.keras_setup import set_up_tensorflow
from models.locate import find_weights
from models.weights_file import load_network


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the filters of one layer with the options in `argv`."""
    arguments = parse_options(__doc__, argv)
    weights = find_weights(arguments.weights)
    faces = read_faces(arguments.data, arguments.outputs is not None or arguments.examples is not None)
    if faces is not None and arguments.outputs is not None and arguments.outputs >= len(faces):
        rows = f"{faces.source} has the rows 0 to {len(faces) - 1}"
        raise InputError(f"--outputs {arguments.outputs}: {rows}; choose one of them")
    inputs = [faces.source if faces else None]
    more = ["-outputs", *(["-examples"] if arguments.examples else [])]
    files = figure_files(arguments.out, inputs, more=more, texts=[".csv"], tables=["filter,dead,"])
    set_up_tensorflow(deterministic=True)
    network = load_network(weights)
    layer = find_layer(network, arguments.layer)
    described = describe_layer(network, layer, weights.name)
    if arguments.outputs is not None and not described.is_convolution:
        raise InputError(
            f"--outputs: the dense layer {layer.name} has no pictures as outputs; choose a convolution"
        )
    preset = PRESETS[arguments.preset]
    progress = progress_bars()
    ascent = maximise_activation(network, layer.name, preset, arguments.steps, arguments.seed, progress)

    names, order = described.names, ascent.order(by_activation=arguments.order == "activation")
    images_title = described.title_of_images(arguments.preset, arguments.steps)
    figures, table, better = {}, ascent.table(names), np.full(len(names), np.nan)
    if faces is not None:
        compared = compared_faces(faces)
        examples = strongest_faces(network, layer.name, compared.images, arguments.examples or 1, progress)
        table.insert(1, "best face", examples.best)
        better = examples.better_than(ascent.reached)
        beaten = np.isfinite(better).sum()
        images_title += f"; the best of {len(compared):,} faces exceeds {beaten or 'none'}"
        images_title += ", see beneath" if beaten else ""
        if arguments.examples:
            text = described.title_of_examples()
            figures["-examples"] = draw_examples(
                ascent.images, ascent.reached, names, examples, compared, order, text
            )
    figures[""] = draw_filter_images(
        ascent.images, ascent.reached, ascent.dead, names, order, images_title, better
    )
    if faces is not None and described.is_convolution:
        row = arguments.outputs
        if row is None:
            row = surest_happy_row(network, faces, weights, progress)
        face, kernels = faces.images[row], first_kernels(layer)
        outputs = filter_outputs(network, layer.name, face)
        title = described.title_of_outputs(row)
        figures["-outputs"] = draw_filter_outputs(face, outputs, kernels, names, order, title)
    for file in save_figures(figures, files, table=table.to_csv(lineterminator="\n")):
        print(f"wrote {file}")


def read_faces(path: str | None, needed: bool) -> Dataset | None:
    """The faces of --data or data/; None where data/ has none and none are `needed`. Raises InputError."""
    try:
        located = locate_data(path, "measure")
    except InputError:
        if path is None and not needed:
            return None
        raise
    return read_cached(located)


if __name__ == "__main__":
    main()
