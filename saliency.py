"""Draw which pixels of a face move the network's logit of a class (report, question 4).

    python saliency.py --data data/icml_face_data.csv --weights runs/cnn --out saliency.png
    python saliency.py --images me.jpg --method smoothgrad

Shows for each class the held-out face that the network gets right with most confidence (where it gets none
right, the one that it is most confident about, marked as wrong): the face, its saliency map, the map over the
face, and the face where the saliency is high. Writes the figure, its numbers beside it as .json, and with
--check a second figure, saliency-check.png, of ten random faces per class (with --rows, of those rows).
Except with --rows and --allow-seen, all are held-out faces: those of PublicTest, or of a file without Usage,
that the weights were not trained on. Rows count from 0 in the file's order. With --images it shows every face
that is found in photographs.
"""

from command_line.errors import one_line_errors

from collections.abc import Sequence

import numpy as np

from analysis.attribution import saliency_maps
from analysis.figures.saliency import draw_mean_saliency, draw_saliency
from analysis.figures.saliency_checks import draw_checks
from analysis.figures.saving import save_figures
from analysis.mean_saliency import mean_saliency
from analysis.saliency_checks import check_saliency
from analysis.saliency_faces import (
    explain,
    faces_of_photographs,
    faces_of_rows,
    faces_to_check,
    surest_faces,
)
from command_line.held_out import read_held_out
from command_line.outputs import figure_files
from command_line.progress import progress_bars
from command_line.saliency_options import parse_options
from data.dataset import CLASS_NAMES
from data.errors import InputError
from data.locate import locate_data
from models.keras_setup import set_up_tensorflow
from models.locate import find_weights
from models.weights_file import load_network
from photographs.reading import read_photographs, refuse_to_draw_among, unread_files
from photographs.table import as_text, face_table

# Of each class.
CHECKED_FACES = 10


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the saliency maps that `argv` asks for."""
    arguments = parse_options(__doc__, argv)
    more = ["-check"] if arguments.check else []
    weights, places = find_weights(arguments.weights), None
    photographs = read_photographs(arguments.images, arguments.faces) if arguments.images else []
    data = None if photographs else locate_data(arguments.data, "measure")
    inputs = [photograph.path for photograph in photographs] or [data, arguments.labels]
    files = figure_files(arguments.out, inputs, more=more, texts=[".json"])
    refuse_to_draw_among(arguments.images or [], files)
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
    described = explain(faces, probabilities, arguments.explained, places)
    classes = np.array([CLASS_NAMES.index(face.explained) for face in described])
    checked = drawn = np.arange(len(faces))
    if not photographs and arguments.rows is None:
        checked = faces_to_check(faces.labels, CHECKED_FACES, arguments.seed)
        drawn = surest_faces(faces.labels, probabilities, arguments.mean or 1)
    shown, described = faces.select(drawn), [described[index] for index in drawn]
    maps = saliency_maps(
        network, arguments.method, shown.images, classes[drawn], arguments.seed, progress=progress
    )

    record = {"images": [str(file) for file in inputs]} if photographs else {"data": faces.source}
    record |= {"weights": str(weights.path), "seed": arguments.seed, "methods": list(maps)}
    record["faces"] = [face.as_json() for face in described]
    title = f"What moves the logit of the {arguments.explained} class in {weights.name}"
    if arguments.mean:
        mean = mean_saliency(shown.images, shown.labels, maps)
        print(mean)
        record["mean"] = mean.as_json()
        figures = {"": draw_mean_saliency(mean, f"{title}, mean per class")}
    else:
        figures = {"": draw_saliency(shown.images, maps, described, title)}
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
