"""Faces per second of each network in training and in prediction, and the ratio to the report's CNN.

    python benchmarks/network_speed.py

Each network runs in a process of its own, on random 48x48 faces, through the suite's own training (recipe
fast, augmentation included) and prediction. Compiled and warmed up first. Run it on an idle machine.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.train_speed import MOST_STEPS, WARM_UP, keras_fit_seconds, random_faces
from command_line.arguments import Parser, whole_number
from command_line.errors import one_line_errors
from models import NETWORK_NAMES


def rates(network: str, steps: int) -> dict[str, float]:
    """Faces per second in training and prediction, over `steps` batches each."""
    from models.tensorflow_setup import fastest_acceleration, set_up_tensorflow

    set_up_tensorflow()
    import keras

    from models import builder
    from models.prediction import BATCH_SIZE, predict_logits
    from training.batches import training_batches
    from training.optimizers import build_optimizer
    from training.recipes import RECIPES

    acceleration, recipe = fastest_acceleration(), RECIPES[network]["fast"]
    faces, labels = random_faces((steps + WARM_UP) * recipe.batch_size)
    keras.config.set_dtype_policy(acceleration.dtype_policy)
    model = builder(network)(128.0, 64.0, dropout=recipe.dropout)
    loss: Any = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(
        build_optimizer(recipe, 1000), loss, metrics=["accuracy"], jit_compile=acceleration.jit_compile
    )
    batches = training_batches(
        faces,
        labels,
        batch_size=recipe.batch_size,
        seed=1,
        epochs=range(1),
        augmentation=recipe.augmentation,
    )
    training = steps * recipe.batch_size / keras_fit_seconds(model, batches, steps)

    # Predictions are made in float32 by a network without an optimiser, as predict.py does.
    keras.config.set_dtype_policy("float32")
    model = builder(network)(128.0, 64.0)
    faces = faces[: len(faces) // BATCH_SIZE * BATCH_SIZE]
    predict_logits(model, faces[:BATCH_SIZE])
    started = time.monotonic()
    predict_logits(model, faces)
    return {"training": training, "prediction": len(faces) / (time.monotonic() - started)}


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure all networks and print, or one with --network and print JSON."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--steps", type=whole_number(2, MOST_STEPS), default=20, metavar="N", help="batches to time"
    )
    parser.add_argument("--network", choices=NETWORK_NAMES, help="only this one, as JSON")
    arguments = parser.parse_args(argv)
    if arguments.network:
        print(json.dumps(rates(arguments.network, arguments.steps)))
        return
    first: dict[str, float] = {}
    for network in NETWORK_NAMES:
        command = [sys.executable, __file__, "--network", network, "--steps", str(arguments.steps)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        measured = json.loads(output.splitlines()[-1])
        first = first or measured
        print(
            network.ljust(10),
            *(f"{name} {rate:7.1f} faces/s ({rate / first[name]:.2f} x)" for name, rate in measured.items()),
            flush=True,
        )


if __name__ == "__main__":
    main()
