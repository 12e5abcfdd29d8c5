"""Predict the emotion of faces: a Kaggle submission from a CSV, or a table for ordinary pictures.

    python predict.py --data data/test.csv --tta --out submission.csv
    python predict.py --images face.jpg

The shipped ensemble gets 70.2 % of PublicTest right, with --tta 70.6 %; without --tta its submission of 7,178
faces takes 16 s on two Zen 4 cores.

Several --weights are averaged in probability. Where labels are known (a column of the CSV or --labels), the
accuracy of all faces and of those without a twin in training is printed too, with 95 % intervals.
"""

from command_line.errors import one_line_errors

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.confusion_tables import accuracy_text
from analysis.held_out import ALL, WITHOUT_TWINS, evaluate_populations, population_text, populations_of
from command_line.arguments import Parser
from command_line.outputs import check_outputs
from command_line.progress import progress_bars
from data.cache import read_cached
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.labels import with_labels
from data.locate import locate_data
from data.pictures import read_picture
from data.probabilities import write_probabilities
from data.splits import image_hashes
from data.submission import write_submission
from models.locate import DEFAULT, HELP, find_all
from models.prediction import predict_with_files
from models.seen import find_seen
from models.weights_file import WeightsFile


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", metavar="DATA", help="CSV or folder of faces (default: test.csv in data/)")
    source.add_argument("--images", nargs="+", metavar="FILE", help="pictures, each cropped to one face")
    add = parser.add_argument
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged")
    add("--out", default="submission.csv", metavar="FILE", help="the submission, id,label")
    add("--probabilities", metavar="FILE", help="also write the seven probabilities of each face")
    add("--tta", action="store_true", help="average over four views: as it is, 5 %% closer, both mirrored")
    add("--labels", metavar="CSV", help="id,label of some or all faces, to measure the accuracy")
    arguments, given = parser.parse_args(argv), parser.given(argv)
    if arguments.images and (wrong := {"labels", "probabilities", "out"} & set(given)):
        raise InputError(f"--{min(wrong)} goes with --data, not with --images; omit it")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Predict with the options in `argv`."""
    arguments = parse_args(argv)
    weights = find_all(arguments.weights)
    if arguments.images:
        faces = np.stack([read_picture(file) for file in arguments.images])
        print_table(arguments.images, predict_with_files(weights, faces, arguments.tta))
        return
    data = locate_data(arguments.data, "test")
    outputs = [file for file in (arguments.out, arguments.probabilities) if file is not None]
    inputs = [data, arguments.labels, *(each.path for each in weights)]
    check_outputs(outputs, (".csv",), inputs, ("id,label\n", "id,hash,seen,"))
    dataset = read_cached(data)
    labelled = with_labels(dataset, arguments.labels) if arguments.labels else dataset
    probabilities = predict_with_files(weights, dataset.images, arguments.tta, progress_bars())
    ids = dataset.rows if dataset.ids is None else dataset.ids
    write_submission(arguments.out, ids, probabilities.argmax(axis=1))
    print(f"wrote {arguments.out}: {len(dataset):,} rows, the faces of {data}")
    if arguments.probabilities:
        hashes, seen = image_hashes(dataset.images), find_seen(dataset.images, weights).faces
        write_probabilities(arguments.probabilities, ids, hashes, seen, probabilities)
        print(f"wrote {arguments.probabilities}")
    if labelled.labels is not None:
        print_accuracies(labelled, probabilities[labelled.rows], weights)


def print_accuracies(faces: Dataset, probabilities: np.ndarray, weights: list[WeightsFile]) -> None:
    """Accuracy of all faces, of those without a twin in training, and of each class of all faces."""
    seen = find_seen(faces.images, weights)
    print(f"twins in training: {seen}")
    populations = populations_of(seen.faces)
    scores = evaluate_populations(faces.require_labels(), probabilities, populations)
    for population, each in scores.items():
        print(accuracy_text(population, each))
    if WITHOUT_TWINS not in scores:
        print("every one of these images was in the training set: this accuracy says nothing about new faces")
    overall = scores[ALL]
    print(f"accuracy by class, {population_text(ALL, len(faces))}:")
    for name, recall, (low, high) in zip(CLASS_NAMES, overall.recall, overall.recall_interval.T, strict=True):
        print(f"  {name:<9}{recall:.4f} (95 % interval {low:.4f} to {high:.4f})")


def print_table(files: Sequence[str], probabilities: np.ndarray) -> None:
    """One line per picture: the seven probabilities and the most probable class."""
    table = pd.DataFrame(probabilities, files, CLASS_NAMES)
    table[""] = table.idxmax(axis=1).to_numpy()
    print(table.to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
