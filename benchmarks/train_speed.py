"""Faces per second in training the report's CNN: this suite, then plain Keras in the same process.

    python benchmarks/train_speed.py

Random faces: traced and warmed up first, then timed over --steps batches of 128, in float32 and, where the
hardware is fast at it, in bfloat16. The suite augments the faces as the report did; plain Keras, the same
network with Keras's batch normalisation and default compile, does not. Both have oneDNN on. Run it on an idle
machine.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from command_line import Parser, one_line_errors, whole_number
from data import NUM_CLASSES
from models.prediction import gpus, set_up_keras
from training.run_folder import best_precision

BATCH_SIZE = 128
WARM_UP = 2


def suite_ends(images: np.ndarray, labels: np.ndarray, precision: str) -> list[float]:
    """When each batch ends in the suite's own training, as train_cnn.py runs it."""
    from training.batches import Batches
    from training.recipes import RECIPES
    from training.train import build

    recipe = RECIPES["cnn"]["report"]
    batches = Batches(images, np.eye(NUM_CLASSES)[labels], recipe, seed=1)
    record = {"network": "cnn", "mean": 128.0, "std": 64.0, "precision": precision}
    return fit_ends(build(record, recipe, batches.steps), batches.epoch(0))


def keras_ends(images: np.ndarray, labels: np.ndarray, precision: str) -> list[float]:
    """When each batch ends with Keras's defaults: its batch normalisation and the default compile."""
    import keras

    from models.cnn import build_cnn
    from models.layers import MOMENTUM, FusedBatchNormalization

    def plain(layer: Any) -> Any:
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.BatchNormalization(momentum=MOMENTUM)
        return type(layer).from_config(layer.get_config())

    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    model = keras.models.clone_model(build_cnn(128.0, 64.0), clone_function=plain)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return fit_ends(model, images, labels, batch_size=BATCH_SIZE)


def fit_ends(model: Any, *data: Any, **options: Any) -> list[float]:
    """When each batch of an epoch ends, waiting for its data included."""
    import keras

    ends: list[float] = []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: ends.append(time.perf_counter()))
    model.fit(*data, **options, shuffle=False, verbose=0, callbacks=[note])
    return ends


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure both ways and print how much faster the suite is."""
    parser = Parser(__doc__)
    parser.add_argument("--steps", type=whole_number(1, 2000), default=10, help="batches to time")
    steps = parser.parse_args(argv).steps
    set_up_keras()
    random, count = np.random.default_rng(1), (steps + WARM_UP) * BATCH_SIZE
    images = random.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    labels = random.integers(0, NUM_CLASSES, count)
    for precision in dict.fromkeys(("float32", best_precision("tensorflow", gpus()))):
        rates = []
        for name, ends_of in (("suite", suite_ends), ("Keras", keras_ends)):
            ends = ends_of(images, labels, precision)
            rates.append(steps * BATCH_SIZE / (ends[-1] - ends[WARM_UP - 1]))
            print(f"{name} {precision}: {rates[-1]:.1f} faces/s", flush=True)
        print(f"{precision}: the suite is {rates[0] / rates[1]:.2f} times as fast")


if __name__ == "__main__":
    main()
