"""Draw what a network sees in faces: its features before the last layer, as points in two dimensions.

    python embedding.py --data data/icml_face_data.csv --weights medium --out embedding.png

Each held-out face is a point, in the colour of its class, and hollow where the network is wrong. Points are
near each other where the network sees the same (t-SNE of the features' first 50 principal components;
distances between far points mean nothing). On the right are pairs of faces that the network finds most alike
although their labels differ, duplicates left out. Writes the figure, and beside it the points as .csv.
Three thousand faces take about half a minute on two cores.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.embedding import features_of, in_two_dimensions, surprising_neighbours
from analysis.figures import save_figures
from analysis.figures.embedding import draw_embedding
from analysis.held_out import held_out
from command_line import one_line_errors, whole_number
from command_line.figures import FigureParser, figure_files
from data import CLASS_NAMES, InputError
from data.faces import locate_faces, read_faces
from data.splits import Hashes, group_duplicates
from models.prediction import predict_probabilities, set_up_keras
from models.weights import DEFAULT, HELP_SINGLE, find_weights, load_network

PAIRS = 8


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the embedding that `argv` asks for."""
    parser = FigureParser(__doc__)
    parser.add_data()
    parser.add_argument("--weights", default=DEFAULT, metavar="RUN", help=HELP_SINGLE)
    parser.add_subset()
    parser.add_argument("--seed", type=whole_number(0), default=1, metavar="N", help="seed of t-SNE")
    parser.add_figure("embedding.png")
    arguments = parser.parse_args(argv)
    weights = find_weights(arguments.weights)
    files = figure_files(arguments, texts=[".csv"])
    data = locate_faces(arguments.data, "measure")
    faces = read_faces(data, arguments.labels, arguments.classes, arguments.faces)
    held = held_out(faces, [weights], arguments.validation, arguments.allow_seen)
    faces = held.reference
    if len(faces) < 3:
        raise InputError(f"{faces.source}: {len(faces)} faces are too few to compare; give more")
    print(held, flush=True)

    set_up_keras(deterministic=True)
    network = load_network(weights)
    predicted, features = predict_probabilities([network], faces.images), features_of(network, faces.images)
    predicted = predicted.argmax(axis=1)
    points, groups = in_two_dimensions(features, arguments.seed), group_duplicates(Hashes.of(faces.images))
    pairs = surprising_neighbours(features, faces.require_labels(), groups, PAIRS)
    title = f"What {weights.name} sees in {held.described()}"
    figures = {"": draw_embedding(title, faces, predicted, points, pairs)}
    table = pd.DataFrame({"row": faces.rows, "true": np.take(CLASS_NAMES, faces.require_labels())})
    table = table.assign(predicted=np.take(CLASS_NAMES, predicted), x=points[:, 0], y=points[:, 1])
    content = table.to_csv(index=False, float_format="%.3f", lineterminator="\n")
    for file in save_figures(figures, files, tables={"": content}):
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
