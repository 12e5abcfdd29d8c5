"""Turn a finished run into weights to share, or a network into a file for programs without TensorFlow.

    python export_weights.py --weights runs/cnn --out models/weights/cnn.weights.h5
    python export_weights.py --weights compact --format onnx --out compact.onnx

Writes the best weights of the run, or with --weights runs/cnn/last.weights.h5 the last, with kernels in
float16, and beside them, with the ending .json, a sidecar: network, recipe, arguments, epochs, seed,
versions, commit, machine, and the accuracies of the written file on PublicTest. Refuses when half precision
changes an accuracy by more than 0.001.

--format litert and onnx write one file that takes grey levels and gives probabilities, from a run or shipped
weights, with the class names in its metadata (docs/predict_with_onnx.py reads it). They run the file on drawn
faces, and refuse it when a probability differs from TensorFlow's by more than 0.0001.
"""

from command_line.errors import one_line_errors

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from analysis.exported_weights import export_weights, require_exportable
from command_line.arguments import Parser
from command_line.outputs import check_outputs
from command_line.progress import progress_bars
from data.cache import read_cached
from data.errors import InputError
from data.files import without_links
from data.locate import locate_data
from drawing.faces import draw_faces
from models.keras_setup import set_up_tensorflow
from models.locate import HELP_SINGLE, find_weights
from models.runtime_formats import ENDINGS, export_network, require_packages
from models.weights_file import ENDING, sidecar_path
from training.environment import environment
from training.run_folder import RunFolder


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add(
        "--weights",
        required=True,
        metavar="RUN",
        help=f"finished run or a weight file in it; for litert and onnx {HELP_SINGLE}",
    )
    add("--format", choices=("weights", *ENDINGS), default="weights", help="what to write")
    add("--data", metavar="DATA", help="for weights: FER data with PublicTest rows (default: that in data/)")
    endings = ", ".join([ENDING, *ENDINGS.values()])
    add("--out", required=True, metavar="FILE", help=f"the file to write, {endings}")
    arguments = parser.parse_args(argv)
    if arguments.data and arguments.format != "weights":
        raise InputError("--data: goes with --format weights; the other formats are checked on drawn faces")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Export with the options in `argv`."""
    arguments = parse_args(argv)
    if arguments.format == "weights":
        written = share_weights(arguments)
    else:
        written = convert_network(arguments)
    for file in written:
        print(f"wrote {file}: {file.stat().st_size / 1e6:.2f} MB")


def share_weights(arguments: argparse.Namespace) -> list[Path]:
    """Write the weights of a finished run in half precision, and their sidecar. Raises InputError."""
    given = Path(arguments.weights)
    run = RunFolder(given.parent if given.is_file() else given)
    state, history = run.read_finished()
    weights = find_weights(str(without_links(given)))
    out = Path(arguments.out)
    require_exportable(out)
    data = locate_data(arguments.data, "measure")
    files = check_outputs([out, sidecar_path(out)], (".h5", ".json"), [data, weights.path, run.state])
    dataset = read_cached(data)
    faces = dataset.select(dataset.rows_with_usage("PublicTest"))
    faces.require_labels()
    set_up_tensorflow()
    measured = export_weights(weights, out, faces, dataclasses.asdict(state), history, progress_bars())
    for name, value in measured.items():
        print(f"{name}: {value}")
    return files


def convert_network(arguments: argparse.Namespace) -> list[Path]:
    """Write a LiteRT or ONNX file, and compare its probabilities with TensorFlow's. Raises InputError."""
    weights = find_weights(arguments.weights)
    files = check_outputs([arguments.out], (ENDINGS[arguments.format],), [weights.path])
    require_packages(arguments.format)
    faces = draw_faces(64, seed=1).images
    set_up_tensorflow()
    difference = export_network(weights, files[0], faces, environment()["versions"])
    print(f"probabilities of {len(faces)} drawn faces differ from TensorFlow's by {difference:.1e} at most")
    return files


if __name__ == "__main__":
    main()
