"""Faces per second of each network in training and in prediction, and the ratio to the report's CNN.

    python benchmarks/network_speed.py

Each network runs in a process of its own on random 48x48 faces, through the suite's own training (recipe fast
with augmentation, in --precision) and prediction (always in float32). It is traced and warmed up first. Run
this on an idle machine.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from command_line.errors import one_line_errors

import numpy as np

from benchmarks.train_speed import MOST_STEPS, WARM_UP, keras_fit_seconds, random_faces
from command_line.arguments import Parser, whole_number
from data.dataset import NUM_CLASSES
from models import NETWORK_NAMES
from training.precision import PRECISIONS


def rates(network: str, steps: int, precision: str) -> dict[str, Any]:
    """Faces per second in training and prediction, over `steps` batches each; the training's precision."""
    from models.keras_setup import gpus, set_up_tensorflow

    set_up_tensorflow()
    from models import builder
    from models.prediction import BATCH_SIZE, predict_logits
    from training.batches import training_batches
    from training.fit import build_compiled
    from training.precision import choose_precision
    from training.recipes import RECIPES

    recipe = RECIPES[network]["fast"]
    faces, labels = random_faces((steps + WARM_UP) * recipe.batch_size)
    precision = choose_precision(precision, gpus())
    model = build_compiled(network, 128.0, 64.0, recipe, 1000, precision)
    batches = training_batches(faces, np.eye(NUM_CLASSES)[labels], recipe, seed=1, epochs=range(1))
    training = steps * recipe.batch_size / keras_fit_seconds(model, batches, steps)

    # Predictions are made in float32 by a network without an optimiser, as predict.py does.
    model = builder(network)(128.0, 64.0)
    faces = faces[: len(faces) // BATCH_SIZE * BATCH_SIZE]
    predict_logits(model, faces[:BATCH_SIZE])
    started = time.monotonic()
    predict_logits(model, faces)
    prediction = len(faces) / (time.monotonic() - started)
    return {"precision": precision, "training": training, "prediction": prediction}


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure all networks and print a table, or one with --network and print JSON."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--steps", type=whole_number(2, MOST_STEPS), default=20, metavar="N", help="batches to time"
    )
    parser.add_argument(
        "--precision",
        choices=("auto", *PRECISIONS),
        default="auto",
        help="precision of the training, as in train_cnn.py",
    )
    parser.add_argument("--network", choices=NETWORK_NAMES, help="only this one, as JSON")
    arguments = parser.parse_args(argv)
    if arguments.network:
        print(json.dumps(rates(arguments.network, arguments.steps, arguments.precision)))
        return
    options = ["--steps", str(arguments.steps), "--precision", arguments.precision]
    first: dict[str, Any] = {}
    for network in NETWORK_NAMES:
        command = [sys.executable, __file__, "--network", network, *options]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        measured = json.loads(output.splitlines()[-1])
        first = first or measured
        print(
            network.ljust(10),
            measured["precision"],
            *(
                f"{name} {measured[name]:7.1f} faces/s ({measured[name] / first[name]:.2f} x)"
                for name in ("training", "prediction")
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
