"""Predict the emotion of faces: a Kaggle submission from a CSV, or a table of the faces in photographs.

    python predict.py --data data/test.csv --tta --out submission.csv
    python predict.py --images holiday.jpg portraits/ --out emotions.csv --annotate annotated

Without --weights the shipped medium network predicts; it gets 71.7 % of PublicTest right, with --tta 72.5 %.

Several --weights are averaged in probability. Where labels are known (from a column of the CSV or --labels),
the accuracy of all faces and of those without a twin in training is printed too, with 95 % intervals.

In photographs, upright faces seen from the front are found; --faces whole takes each picture as one face. A
photograph without a face gets a row that says so; when none has one, the exit code is 2.
"""

from command_line.errors import one_line_errors

import argparse
from collections.abc import Sequence
from pathlib import Path

from analysis.confusion_tables import accuracies_as_text
from command_line.arguments import Parser
from command_line.outputs import check_outputs
from command_line.photograph_predictions import predict_photographs
from command_line.progress import progress_bars
from data.atomic import write_files
from data.cache import read_cached
from data.labels import with_labels
from data.locate import locate_data
from data.probabilities import probabilities_text
from data.splits import image_hashes
from data.submission import submission_text
from models.locate import DEFAULT, HELP, find_all
from models.prediction import predict_with_files
from models.seen import find_seen


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", metavar="DATA", help="CSV or folder of faces (default: test.csv in data/)")
    parser.add_images(source)
    add = parser.add_argument
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged")
    add("--out", metavar="FILE", help="submission.csv, or with --images the table, .csv or .json")
    add("--probabilities", metavar="FILE", help="also write the seven probabilities of each face")
    add("--tta", action="store_true", help="average over each face and its mirror image; takes twice as long")
    add("--labels", metavar="CSV", help="id,label file for some or all faces, to measure the accuracy")
    add("--annotate", metavar="FOLDER", help="folder for drawings of the photographs with their faces")
    arguments = parser.parse_args(argv)
    parser.refuse_options_of_other_source(
        arguments, data=["labels", "probabilities"], images=["faces", "annotate"]
    )
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Write a submission, print the accuracies where labels are known; with --images predict photographs."""
    arguments = parse_args(argv)
    if arguments.images:
        predict_photographs(arguments)
        return
    weights = find_all(arguments.weights)
    data = locate_data(arguments.data, "test")
    out = arguments.out or "submission.csv"
    outputs = [file for file in (out, arguments.probabilities) if file is not None]
    inputs = [data, arguments.labels, *(each.path for each in weights)]
    check_outputs(outputs, (".csv",), inputs, ("id,label\n", "id,hash,seen,"))
    dataset = read_cached(data)
    labelled = with_labels(dataset, arguments.labels) if arguments.labels else dataset
    probabilities = predict_with_files(weights, dataset.images, arguments.tta, progress_bars())
    ids = dataset.rows if dataset.ids is None else dataset.ids
    contents = {Path(out): submission_text(ids, probabilities.argmax(axis=1))}
    wants_seen = arguments.probabilities or labelled.labels is not None
    seen = find_seen(dataset.images, weights) if wants_seen else None
    if arguments.probabilities:
        table = probabilities_text(ids, image_hashes(dataset.images), seen.faces, probabilities)
        contents[Path(arguments.probabilities)] = table
    write_files(contents)
    for file in contents:
        print(f"wrote {file}: {len(dataset):,} rows, the faces of {data}")
    if labelled.labels is not None:
        seen = seen.select(labelled.rows)
        print(f"twins in training: {seen}")
        print(accuracies_as_text(labelled.labels, probabilities[labelled.rows], seen.faces))


if __name__ == "__main__":
    main()
