"""Find faces whose label is probably wrong, by networks that were not trained on them.

    python label_errors.py --data data/icml_face_data.csv --out label_errors.png
    python label_errors.py --data data/icml_face_data.csv --labels fer2013new.csv

Writes a figure of the 32 most suspicious faces, and beside it, as .csv, a row for every face, the most
suspicious first, and as .json how many labels are estimated to be wrong (confident learning, Northcutt et al.
2021). FER2013's Training faces are judged by predictions that ship with the suite, of compact networks of
five folds, or by --predictions (fold.csv of runs with --fold); all others by --weights. Faces without either
are left out. --labels also measures the ranking against the votes of FER+. No label is changed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.figures import save_figures
from analysis.figures.confusion import draw_captioned
from analysis.label_errors import agreement, as_text, estimate_errors, judge, rank_suspects, with_majority
from command_line import one_line_errors
from command_line.figures import FigureParser, figure_files
from data import InputError
from data.csv_files import read_votes
from data.faces import Faces, locate_faces, read_faces
from data.labels import votes_of
from data.splits import image_hashes, trained_on
from data.submission import OUT_OF_FOLD, mean_predictions
from models.prediction import predict
from models.weights import DEFAULT, HELP, find_ensemble

SHOWN = 32


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = FigureParser(__doc__)
    parser.add_data()
    add = parser.add_argument
    text = "fold.csv of runs with --fold (default: the predictions that ship)"
    add("--predictions", nargs="+", default=[str(OUT_OF_FOLD)], metavar="CSV", help=text)
    text = f"for faces without such predictions: {HELP}; several are averaged"
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=text)
    add("--labels", metavar="CSV", help="FER+'s fer2013new.csv: also measure the ranking")
    parser.add_figure("label_errors.png")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Rank, draw and print with the options in `argv`; return what is also written as JSON."""
    arguments = parse_args(argv)
    files = figure_files(arguments, texts=[".csv", ".json"])
    faces = read_faces(locate_faces(arguments.data, "measure"), None, arguments.classes, arguments.faces)
    faces.require_labels()
    votes = votes_of(faces, read_votes(path), path) if (path := arguments.labels) is not None else None

    probabilities = unseen_predictions(faces, arguments)
    known = ~np.isnan(probabilities).any(axis=1)
    if not known.any():
        raise InputError(f"{faces.source}: the weights were trained on all faces; give other --weights")
    faces, probabilities = faces.select(known), probabilities[known]
    print(f"{len(faces):,} faces of {faces.source} are judged by networks that were not trained on them")
    if not known.all():
        print(f"{(~known).sum():,} faces are left out: --weights were trained on them or on duplicates")
    table, labels = rank_suspects(faces, probabilities), faces.require_labels()
    estimate = estimate_errors(labels, probabilities)
    print(as_text(estimate, len(faces)))
    record = {"faces": len(faces), **asdict(estimate), "pairs": estimate.pairs.to_dict("records")}
    if votes is not None:
        own = with_majority(votes[known], table)
        by_labels, by_networks = (f"{100 * share:.1f} %" for share in agreement(own))
        agreed = f"{by_labels} of labels, {by_networks} of predictions"
        print(f"where most annotators of FER+ agree, so do {agreed}")
        print(f"precision for labels that such a majority contradicts, among these {len(own):,} faces:")
        judged = judge(own)
        print(judged.to_string(float_format="{:.3f}".format))
        record["precision"] = judged.to_dict("index")
    first = table[:SHOWN]
    captions = [
        f"row {each.row}\nlabelled {each.label} ({each.probability_of_label:.2f})\n"
        f"rather {each.suggested_label} ({each.probability_of_suggestion:.2f})"
        for each in first.itertuples()
    ]
    title = f"The {len(first)} most suspicious labels of {len(faces):,} faces"
    figures = {"": draw_captioned(title, faces.images[first.index], captions, 8)}
    content = table.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    for file in save_figures(figures, files, record, {"": content}):
        print(f"wrote {file}")
    return record


def unseen_predictions(faces: Faces, arguments: argparse.Namespace) -> np.ndarray:
    """(N, 7) probabilities by networks that were not trained on the face, NaN where there are none."""
    probabilities = mean_predictions(arguments.predictions, image_hashes(faces.images), faces.source)
    missing = np.flatnonzero(np.isnan(probabilities).any(axis=1))
    if len(missing):
        weights, images = find_ensemble(arguments.weights), faces.images[missing]
        missing = missing[~trained_on(images, [each.hashes for each in weights])]
    if len(missing):
        probabilities[missing] = predict(weights, faces.images[missing], tta=True)
    return probabilities


if __name__ == "__main__":
    main()
