"""Draw which pixels of a face move the network's logit of a class (report, question 4).

    python saliency.py --data data/icml_face_data.csv --weights runs/cnn --out saliency.png
    python saliency.py --images me.jpg --method smoothgrad

Shows for each class the held-out face that the network gets right with most confidence (where it gets none
right, the one that it is most confident about, marked as wrong): the face, its saliency map, the map over the
face, and the face where the saliency is high. Writes the figure, its numbers beside it as .json, and with
--check a second figure, saliency-check.png, of ten random faces per class (with --rows, of these). All are
held-out faces: those of PublicTest, or of a file without Usage, that the weights were not trained on. Rows
count from 0 in the file's order. With --images it shows every face that is found in photographs.
"""

from command_line.errors import one_line_errors

import argparse
from collections.abc import Sequence

import numpy as np

from analysis.attribution import METHODS, saliency_maps
from analysis.figures.saliency import draw_mean_saliency, draw_saliency
from analysis.figures.saliency_checks import draw_checks
from analysis.figures.saving import save_figures
from analysis.held_out import SPLITS
from analysis.mean_saliency import mean_saliency
from analysis.saliency_checks import check_saliency
from analysis.saliency_faces import (
    explain,
    faces_of_photographs,
    faces_of_rows,
    faces_to_check,
    surest_faces,
)
from command_line.arguments import Parser, row_numbers, whole_number
from command_line.held_out import read_held_out
from command_line.outputs import figure_files
from command_line.progress import progress_bars
from data.dataset import CLASS_NAMES
from data.errors import InputError
from data.locate import locate_data
from models.keras_setup import set_up_tensorflow
from models.locate import DEFAULT_SINGLE, HELP, find_weights
from models.weights_file import load_network
from photographs.reading import read_photographs, unread_files
from photographs.table import as_text, face_table

# Of each class.
CHECKED_FACES = 10
CLASS_CHOICES = ("predicted", "true", *CLASS_NAMES)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    source = parser.add_mutually_exclusive_group()
    text = "FER CSV or folder of pictures (default: the data set in data/)"
    source.add_argument("--data", metavar="DATA", help=text)
    parser.add_images(source)
    add = parser.add_argument
    add("--weights", default=DEFAULT_SINGLE, metavar="RUN", help=HELP)
    parser.add_held_out(SPLITS)
    add("--rows", type=row_numbers, metavar="I,J,...", help="only these faces; 0 is the first in the file")
    methods = (*METHODS, "all")
    text = f"one or several of {', '.join(methods)}"
    add("--method", choices=methods, nargs="+", default=["gradient"], metavar="METHOD", help=text)
    add("--class", dest="explained", choices=CLASS_CHOICES, default="predicted", help="whose logit")
    add("--mean", type=whole_number(1), metavar="N", help="average the maps of up to N faces of each class")
    add("--check", action="store_true", help="test whether the maps can be trusted")
    add("--seed", type=whole_number(0), default=1, metavar="N", help="seed for SmoothGrad and the checks")
    parser.add_figure_files("saliency.png")
    arguments = parser.parse_args(argv)
    for name in ("mean", "validation", "labels", "allow_seen"):
        if arguments.rows is not None and getattr(arguments, name):
            raise InputError(f"--rows chooses the faces; omit --{name.replace('_', '-')}")
    others = ("rows", "mean", "validation", "labels", "allow_seen", "check")
    parser.refuse_options_of_other_source(arguments, data=others, images=["faces"])
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the saliency maps that `argv` asks for."""
    arguments = parse_args(argv)
    more = ["-check"] if arguments.check else []
    photographs = read_photographs(arguments.images, arguments.faces) if arguments.images else []
    data = None if photographs else locate_data(arguments.data, "measure")
    inputs = [photograph.path for photograph in photographs] or [data, arguments.labels]
    files = figure_files(arguments.out, inputs, more=more, texts=[".json"])
    weights, places = find_weights(arguments.weights), None
    if photographs:
        faces, places = faces_of_photographs(photographs)
    elif arguments.rows is not None:
        faces = faces_of_rows(data, arguments.rows)
    else:
        faces = read_held_out(arguments, data, [weights]).faces
    if faces.labels is None and arguments.explained == "true":
        raise InputError(f"--class true: {faces.source} has no labels; choose another --class")

    set_up_tensorflow(deterministic=True)
    from models.prediction import predict_probabilities

    network = load_network(weights)
    progress = progress_bars()
    probabilities = predict_probabilities([network], faces.images, progress=progress)
    if photographs:
        if unread := unread_files(arguments.images):
            print(unread)
        print(as_text(face_table(photographs, probabilities)))
    explained = explain(faces, probabilities, arguments.explained, places)
    classes = np.array([CLASS_NAMES.index(face.explained) for face in explained])
    checked = drawn = np.arange(len(faces))
    if not photographs and arguments.rows is None:
        checked = faces_to_check(faces.labels, CHECKED_FACES, arguments.seed)
        drawn = surest_faces(faces.labels, probabilities, arguments.mean or 1)
    shown, explained = faces.select(drawn), [explained[index] for index in drawn]
    maps = saliency_maps(
        network, arguments.method, shown.images, classes[drawn], arguments.seed, progress=progress
    )

    record = {"images": [str(file) for file in inputs]} if photographs else {"data": faces.source}
    record |= {"weights": str(weights.path), "seed": arguments.seed, "methods": list(maps)}
    record["faces"] = [face.as_json() for face in explained]
    title = f"What moves the logit of the {arguments.explained} class in {weights.name}"
    if arguments.mean:
        mean = mean_saliency(shown.images, shown.labels, maps)
        print(mean)
        record["mean"] = mean.as_json()
        figures = {"": draw_mean_saliency(mean, f"{title}, mean per class")}
    else:
        figures = {"": draw_saliency(shown.images, maps, [str(face) for face in explained], title)}
    if arguments.check:
        images = faces.images[checked]
        checks = check_saliency(network, images, classes[checked], list(maps), arguments.seed, progress)
        print(checks)
        record["checks"] = checks.as_json()
        question = f"Can the maps by {weights.name} be trusted? Checked on {checks.count} faces"
        figures["-check"] = draw_checks(checks, question)
    for file in save_figures(figures, files, record):
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
