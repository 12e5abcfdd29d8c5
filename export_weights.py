"""Turn a finished run into weights to share, or a network into a file for programs without TensorFlow.

    python export_weights.py --weights runs/cnn --out models/weights/cnn.weights.h5
    python export_weights.py --weights compact --format onnx --out compact.onnx

Writes the best weights of the run with kernels in float16, and beside them, with the ending .json, a sidecar:
network, recipe, arguments, epochs, seed, versions, commit, machine, and the accuracies of the written file on
PublicTest. Refuses when half precision changes an accuracy over all faces by more than 0.001.

--format litert and onnx write one file that takes grey levels and gives probabilities, from a run or shipped
weights, with the class names in its metadata (docs/predict_with_onnx.py reads it). They run the file on drawn
faces, and refuse it when a probability differs from TensorFlow's by more than 0.0001.
"""

from command_line.errors import one_line_errors

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from analysis.exported_weights import measure_weights, refuse_changes, sidecar_content
from command_line.arguments import Parser
from command_line.outputs import check_outputs
from command_line.progress import progress_bars
from data.atomic import atomic_path, write_files
from data.cache import read_cached
from data.errors import InputError
from data.locate import locate_data
from drawing.faces import draw_faces
from models.locate import HELP, find_weights
from models.run_files import STATE
from models.runtime_formats import ENDINGS, export_network, require_packages
from models.tensorflow_setup import set_up_tensorflow
from models.weights_file import ENDING, sidecar_path, write_half_precision
from training.environment import environment
from training.run_folder import RunFolder, read_history


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--weights", required=True, metavar="RUN", help=f"finished run; for litert and onnx {HELP}")
    add("--format", choices=("weights", *ENDINGS), default="weights", help="what to write")
    add("--data", metavar="DATA", help="for weights: FER data with PublicTest rows (default: that in data/)")
    endings = ", ".join([ENDING, *ENDINGS.values()])
    add("--out", required=True, metavar="FILE", help=f"the file to write, {endings}")
    arguments = parser.parse_args(argv)
    if arguments.data and arguments.format != "weights":
        raise InputError("--data: goes with --format weights; the others are checked on drawn faces")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Export with the options in `argv`."""
    arguments = parse_args(argv)
    if arguments.format == "weights":
        share_weights(arguments)
    else:
        convert_network(arguments)


def convert_network(arguments: argparse.Namespace) -> None:
    """Write a LiteRT or ONNX file, and compare its probabilities with TensorFlow's. Raises InputError."""
    weights = find_weights(arguments.weights)
    (out,) = check_outputs([arguments.out], (ENDINGS[arguments.format],), [weights.path])
    require_packages(arguments.format)
    faces = draw_faces(64, seed=1).images
    set_up_tensorflow()
    difference = export_network(weights, out, faces, environment()["versions"])
    print(f"probabilities of {len(faces)} drawn faces differ from TensorFlow's by {difference:.1e} at most")
    print(f"wrote {out}: {out.stat().st_size / 1e6:.2f} MB")


def share_weights(arguments: argparse.Namespace) -> None:
    """Write the weights of a finished run in half precision, and their sidecar. Raises InputError."""
    run = RunFolder(arguments.weights)
    if not run.state.is_file():
        raise InputError(f"{run.path}: holds no run; give the folder of a finished run")
    state, weights = run.read_state(), find_weights(str(run.path.resolve()))
    history = read_history(run.path)
    if len(history) < state.arguments.epochs:
        raise InputError(f"{run.path}: is not finished; finish it with --resume before you export it")
    out = Path(arguments.out)
    if not out.name.endswith(ENDING):
        raise InputError(f"{out}: the name must end in {ENDING}")
    if (out.parent / STATE).is_file():
        raise InputError(f"{out}: {out.parent} is the folder of a run; export to another")
    sidecar = sidecar_path(out)
    data = locate_data(arguments.data, "measure")
    check_outputs([out, sidecar], (".h5", ".json"), [data, weights.path, run.state])
    dataset = read_cached(data)
    faces = dataset.select(dataset.rows_with_usage("PublicTest"))
    faces.require_labels()

    set_up_tensorflow()
    progress = progress_bars()
    full = measure_weights(weights, faces, progress)
    description = {name: weights.description[name] for name in ("network", "mean", "std", "seed", "epoch")}
    with atomic_path(out) as temporary:
        write_half_precision(weights, temporary, description)
        halved = dataclasses.replace(weights, path=temporary, description=description)
        half = measure_weights(halved, faces, progress)
        refuse_changes(full, half, weights.path)
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
        exported = sidecar_content(dataclasses.asdict(state), description | {"sha256": digest}, half, history)
    write_files({sidecar: json.dumps(exported, indent=2) + "\n"})
    for name, value in half.items():
        print(f"{name}: {value}")
    for file in (out, sidecar):
        print(f"wrote {file}: {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
