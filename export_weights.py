"""Turn a finished run into weights to share: half the size, with what it measured and how it was made.

    python export_weights.py --weights runs/cnn --data data/fer2013.csv --out models/weights/cnn.weights.h5

Writes the best weights of the run with kernels in float16, and beside them, with the ending .json, a record:
network, recipe, arguments, epochs, seed, versions, commit, machine, and the accuracies of the written file on
PublicTest. Refuses when half precision changes an accuracy over all faces by more than 0.001.
"""

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.held_out import evaluate_all_and_unseen
from command_line.arguments import Parser, keep_inputs, output_file
from command_line.errors import one_line_errors
from data.atomic import atomic_path, write_text
from data.cache import read_cached
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.locate import locate_data
from models.locate import find_weights
from models.weights_file import ENDING, WeightsFile, load_network, sidecar_path, write_half_precision
from training.run_folder import RunFolder, read_history

TOLERANCE = 0.001
LICENCE = (
    "The weights are free to use like the code (MIT). They were fitted to FER2013 (Goodfellow et al. 2013), "
    "whose pictures are not part of this project and may not be redistributed."
)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    parser.add_argument("--weights", required=True, metavar="RUN", help="folder of a finished run")
    parser.add_argument(
        "--data", metavar="CSV", help="FER CSV with PublicTest rows; without it that in data/"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help=f"the weights to write, {ENDING}")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Export with the options in `argv`."""
    arguments = parse_args(argv)
    run = RunFolder(arguments.weights)
    if not run.record.is_file():
        raise InputError(f"{run.path}: holds no run; give the folder of a finished run")
    record, weights = run.read_record(), find_weights(str(run.path.resolve()))
    history = read_history(run.path)
    if len(history) < record["arguments"].get("epochs", sys.maxsize):
        raise InputError(f"{run.path}: is not finished; go on with --resume before you export it")
    out = output_file(arguments.out)
    if not out.name.endswith(ENDING):
        raise InputError(f"{out}: the name must end in {ENDING}")
    if (out.parent / "run.json").is_file():
        raise InputError(f"{out}: {out.parent} is the folder of a run; export to another")
    sidecar = output_file(str(sidecar_path(out)))
    data = locate_data(arguments.data, "train")
    keep_inputs([out, sidecar], [data, weights.path, run.record])
    dataset = read_cached(data)
    faces = dataset.select(dataset.rows_with_usage("PublicTest"))
    faces.require_labels()

    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow()
    full = measure(weights, faces)
    description = {name: weights.description[name] for name in ("network", "mean", "std", "seed", "epoch")}
    with atomic_path(out) as temporary:
        write_half_precision(weights, temporary, description)
        half = measure(WeightsFile(temporary, description, weights.training_hashes), faces)
        for name, value in half.items():
            if isinstance(value, float) and abs(value - full[name]) > TOLERANCE:
                raise InputError(
                    f"{weights.path}: half precision changes {name} by {value - full[name]:+.4f}; share the "
                    "file of the run instead"
                )
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
        written = json.dumps(_record(record, description | {"sha256": digest}, half, history), indent=2)
    write_text(sidecar, written + "\n")
    for name, value in half.items():
        print(f"{name}: {value}")
    for file in (out, sidecar):
        print(f"wrote {file}: {file.stat().st_size / 1e6:.2f} MB")


def measure(weights: WeightsFile, faces: Dataset) -> dict[str, Any]:
    """Accuracies of one weight file on labelled faces, of one view and of four, with and without twins."""
    from models.prediction import predict_probabilities

    network = load_network(weights)
    one, four = (predict_probabilities([network], faces.images, tta) for tta in (False, True))
    scores, unseen = evaluate_all_and_unseen(faces, one, [weights])
    scores_tta, unseen_tta = evaluate_all_and_unseen(faces, four, [weights])
    if unseen is None or unseen_tta is None:
        raise InputError(f"{faces.source}: the weights were trained on all of its PublicTest faces")
    return {
        "accuracy": scores.accuracy,
        "accuracy_tta": scores_tta.accuracy,
        "accuracy_without_twins": unseen.accuracy,
        "accuracy_tta_without_twins": unseen_tta.accuracy,
        "macro_f1": scores.macro_f1,
        "accuracy_per_class": dict(zip(CLASS_NAMES, np.round(scores.recall, 4).tolist(), strict=True)),
        "faces": len(faces),
        "faces_without_twins": int(unseen.support.sum()),
    }


def _record(
    run: dict[str, Any],
    description: dict[str, Any],
    measured: dict[str, Any],
    history: list[dict[str, float]],
) -> dict[str, Any]:
    """The sidecar: the run's own record without the paths of the machine it was made on."""
    # A path says nothing to anybody else, and the digest says which faces they were.
    arguments = run["arguments"] | {
        name: Path(run["arguments"][name]).name for name in ("data", "validation")
    }
    made = {"date": datetime.date.today().isoformat(), "licence": LICENCE}
    return run | description | {"arguments": arguments, "PublicTest": measured, "history": history} | made


if __name__ == "__main__":
    main()
