"""Faces per second in training the report's CNN: this suite, plain Keras, and PyTorch where it is installed.

    python benchmarks/train_speed.py

Each way runs in a process of its own, one after the other, on random faces: traced and warmed up first, then
timed over --steps batches of 128, augmentation included. Plain Keras: its own batch normalisation and default
compile, oneDNN as TensorFlow sets it, fed by ImageDataGenerator with the report's ranges. PyTorch:
channels_last, without augmentation. Each way is compared with the suite in the same precision. bfloat16 is
measured only where the hardware is fast at it. The machine's speed limit is estimated by a large float32
matrix product. Run it on an idle machine.
"""

import argparse
import importlib.util
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from command_line.errors import one_line_errors

from command_line.arguments import Parser, whole_number
from data.dataset import NUM_CLASSES
from training.precision import choose_precision

BATCH_SIZE = 128
WARM_UP = 2
MOST_STEPS = 2000  # their faces are drawn beforehand: 600 MB
WAYS = ("suite float32", "suite bfloat16", "keras float32", "torch float32", "torch bfloat16")


def random_faces(count: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 48, 48) uint8 faces and (count,) labels."""
    generator = np.random.default_rng(1)
    return generator.integers(0, 256, (count, 48, 48), dtype=np.uint8), generator.integers(0, 7, count)


def suite_seconds(steps: int, precision: str) -> float:
    """Seconds of `steps` batches through the suite's own training, as train_cnn.py runs it."""
    from models.keras_setup import set_up_tensorflow

    set_up_tensorflow()
    from training.batches import training_batches
    from training.fit import build_compiled
    from training.recipes import RECIPES

    recipe = RECIPES["cnn"]["report"]
    model = build_compiled("cnn", 128.0, 64.0, recipe, 100, precision)
    images, labels = random_faces((steps + WARM_UP) * BATCH_SIZE)
    batches = training_batches(images, np.eye(NUM_CLASSES)[labels], recipe, seed=1, epochs=range(1))
    return keras_fit_seconds(model, batches, steps)


def keras_seconds(steps: int) -> float:
    """Seconds of `steps` batches through Keras's defaults and ImageDataGenerator."""
    import keras
    import tensorflow as tf
    from keras import layers

    from models.layers import ChannelHeightMaxPooling2D

    inputs = x = keras.Input((48, 48, 1))
    for filters in (32, 64, 128):
        for _ in range(3):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = ChannelHeightMaxPooling2D()(x)
    x = layers.Dense(1024)(layers.Flatten()(x))
    x = layers.Dropout(0.5)(layers.ReLU()(layers.BatchNormalization()(x)))
    model = keras.Model(inputs, layers.Dense(7, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images, labels = random_faces((steps + WARM_UP) * BATCH_SIZE)
    generator = tf.keras.preprocessing.image.ImageDataGenerator(
        featurewise_center=True,
        featurewise_std_normalization=True,
        rotation_range=10,
        width_shift_range=0.1,
        height_shift_range=0.1,
        horizontal_flip=True,
    )
    faces = images[..., np.newaxis].astype(np.float32)
    generator.fit(faces)
    return keras_fit_seconds(model, generator.flow(faces, labels, BATCH_SIZE), steps)


def keras_fit_seconds(model, batches, steps: int) -> float:
    """Seconds of the last `steps` batches of one epoch, waiting for their data included."""
    import keras

    ends = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter())
    )
    model.fit(batches, steps_per_epoch=steps + WARM_UP, verbose=0, shuffle=False, callbacks=[note])
    assert len(ends) == steps + WARM_UP
    return ends[-1] - ends[WARM_UP - 1]


def torch_seconds(steps: int, precision: str) -> float:
    """Seconds of `steps` batches of the same network in PyTorch."""
    import torch
    from torch import nn

    class ChannelHeightMaxPooling(nn.Module):
        def forward(self, x: "torch.Tensor") -> "torch.Tensor":
            rows = torch.maximum(x[:, :, 0::2], x[:, :, 1::2])
            return torch.maximum(rows[:, 0::2], rows[:, 1::2])

    stages: list[nn.Module] = []
    channels = 1
    for filters in (32, 64, 128):
        for _ in range(3):
            stages += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        stages.append(ChannelHeightMaxPooling())
        channels = filters // 2
    head = [
        nn.Flatten(),
        nn.Linear(18_432, 1024),
        nn.BatchNorm1d(1024),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(1024, 7),
    ]
    model = nn.Sequential(*stages, *head).to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters())
    images, labels = random_faces((steps + WARM_UP) * BATCH_SIZE)
    ends = []
    for start in range(0, len(images), BATCH_SIZE):
        faces = torch.from_numpy((images[start : start + BATCH_SIZE, None] - 128.0) / 64.0).float()
        targets = torch.from_numpy(labels[start : start + BATCH_SIZE])
        adam.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = nn.functional.cross_entropy(model(faces.to(memory_format=torch.channels_last)), targets)
        loss.backward()
        adam.step()
        ends.append(time.perf_counter())
    return ends[-1] - ends[WARM_UP - 1]


def sgemm_gflops() -> float:
    """The best of five float32 products of two 4096 x 4096 matrices, in 1e9 operations a second."""
    size = 4096
    matrix = np.random.default_rng(1).random((size, size), dtype=np.float32)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds) / 1e9


def training_gflop() -> float:
    """1e9 operations of a training step on one face."""
    from models.cnn import build_cnn
    from models.summary import multiply_adds

    # The forward pass, and twice as much for the gradients; a multiply-add is two operations.
    return 3 * 2 * multiply_adds(build_cnn(128.0, 64.0)) / 1e9


def measurements(
    steps: int, precisions: Collection[str], ways: Sequence[str] = WAYS
) -> Iterator[tuple[str, float]]:
    """Each way that can run here in one of `precisions`, and its faces per second in a fresh process."""
    for way in ways:
        library, precision = way.split()
        if precision not in precisions or (library == "torch" and importlib.util.find_spec("torch") is None):
            continue
        command = [sys.executable, __file__, "--way", way, "--steps", str(steps)]
        # Captured, so that TensorFlow's start-up chatter does not mix with the results.
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"{way} failed:\n{run.stderr}")
        yield way, steps * BATCH_SIZE / float(run.stdout.splitlines()[-1])


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure all ways and print the ratios, or one way and print its seconds."""
    parser = Parser(__doc__)
    parser.add_argument("--steps", type=whole_number(1, MOST_STEPS), default=10, help="batches to time")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.way:
        library, precision = arguments.way.split()
        if library == "suite":
            print(suite_seconds(arguments.steps, precision))
        elif library == "keras":
            print(keras_seconds(arguments.steps))
        else:
            print(torch_seconds(arguments.steps, precision))
        return
    from models.keras_setup import gpus, set_up_tensorflow

    set_up_tensorflow()
    precisions = {"float32", choose_precision("auto", gpus())}
    peak, cost = sgemm_gflops(), training_gflop()
    print(f"sgemm {peak:.0f} GFLOP/s; a face costs {cost:.2f} GFLOP of training")
    rates = {}
    for way, rate in measurements(arguments.steps, precisions):
        rates[way] = rate
        like = f"suite {way.split()[1]}"
        print(
            f"{way:<15}{rate:7.1f} faces/s  {rate * cost / peak:6.1%} of sgemm  "
            f"{like} is {rates[like] / rate:.2f} x as fast",
            flush=True,
        )
    if "bfloat16" not in precisions:
        print("bfloat16 was not measured: this machine multiplies it more slowly than float32")


if __name__ == "__main__":
    main()
