"""Turn a finished run into weights to share, or a network into a file for programs without TensorFlow.

    python export_weights.py --weights runs/cnn --out models/weights/cnn.weights.h5
    python export_weights.py --weights compact --format onnx --out compact.onnx

Writes the best weights of the run, or with --weights runs/cnn/last.weights.h5 the last, with kernels in
float16, and beside them a JSON file: network, recipe, arguments, epochs, seed, versions, commit, machine,
history and the accuracies of the written file on PublicTest. Refuses when half precision changes one by more
than 0.001.

--format litert and onnx write one file that takes grey levels and gives the probabilities of predict.py, from
a run, shipped weights or an ensemble (docs/predict_with_onnx.py uses it). They run the file on drawn faces,
and refuse it when a probability differs from TensorFlow's by more than 0.0001, with --half 0.01.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

from command_line import Parser, check_outputs, one_line_errors
from data import InputError, write_file
from data.drawn import draw_faces
from data.faces import locate_faces, read_faces
from models.export import FORMATS, convert, half_precision
from models.prediction import set_up_keras
from models.weights import HELP, find_ensemble, find_weights, metadata_path
from training.run_folder import read_history, read_run


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    text = f"finished run or a weight file in it; for litert and onnx {HELP}"
    parser.add_argument("--weights", required=True, metavar="RUN", help=text)
    parser.add_argument("--format", choices=FORMATS, default="weights", help="what to write")
    text = "for weights: FER data with PublicTest rows (default: the data set in data/)"
    parser.add_argument("--data", metavar="DATA", help=text)
    parser.add_argument("--half", action="store_true", help="kernels in half precision: half the size")
    text = f"file to write, {', '.join(FORMATS.values())}"
    parser.add_argument("--out", required=True, metavar="FILE", help=text)
    parser.add_overwrite()
    arguments = parser.parse_args(argv)
    if arguments.format == "weights":
        parser.refuse(arguments, ["half"], "goes with --format litert and onnx; weights always are")
    else:
        parser.refuse(arguments, ["data"], "goes with --format weights only")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Export with the options in `argv`."""
    arguments = parse_args(argv)
    (out,) = check_outputs([arguments.out], arguments.overwrite, [FORMATS[arguments.format]])
    if arguments.format == "weights":
        share_weights(arguments, out)
    else:
        weights, faces = find_ensemble([arguments.weights]), draw_faces(64, seed=1).images
        set_up_keras()
        content, difference = convert(weights, arguments.format, faces, arguments.half)
        print(f"probabilities of drawn faces differ from TensorFlow's by at most {difference:.1e}")
        write_file(out, content)
    print(f"wrote {out}: {out.stat().st_size / 1e6:.2f} MB")


def share_weights(arguments: argparse.Namespace, out: Path) -> None:
    """Write the weights of a finished run in half precision, and the JSON beside them. Raises InputError."""
    weights = find_weights(arguments.weights)
    folder = weights.path.parent
    run, history = read_run(folder), read_history(folder)
    if len(history) < run["arguments"]["epochs"]:
        raise InputError(f"{folder}: is not finished; finish it with --resume before you export it")
    (record_file,) = check_outputs([metadata_path(out)], arguments.overwrite)
    faces = read_faces(locate_faces(arguments.data, "measure")).of_usage("PublicTest")
    faces.require_labels()
    set_up_keras()
    content, record = half_precision(weights, faces, run, history)
    for name, value in record["PublicTest"].items():
        print(f"{name}: {value}")
    write_file(out, content)
    # People share it, so of an absolute path only the file's name is written.
    text = re.sub(r'"/[^"]*/([^"/]+)"', r'"\1"', json.dumps(record, indent=2))
    write_file(record_file, text + "\n")


if __name__ == "__main__":
    main()
