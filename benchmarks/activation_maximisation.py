"""Time activation maximisation against the usual loop: one filter at a time, with an eager GradientTape.

    python benchmarks/activation_maximisation.py

Uses the report's CNN with random weights, which is as fast as a trained one. The loop is measured on
LOOP_FILTERS filters and the last layer on LAST_STEPS steps, and the times are scaled up to all of them.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.activation_maximisation import PRESETS, maximise_activation
from models.keras_setup import set_up_tensorflow

STEPS = 200
LOOP_FILTERS = 4
LAST_STEPS = 10


def main() -> None:
    """Measure and print both times, their ratio, and the time of the last convolution."""
    set_up_tensorflow()
    from models.cnn import build_cnn

    network = build_cnn(129.0, 65.0)
    ours = time_ours(network, "conv2d_1", STEPS)
    loop = time_loop(network, "conv2d_1", LOOP_FILTERS) * 32 / LOOP_FILTERS
    print(f"conv2d_1, 32 filters, {STEPS} steps: {ours:.1f} s in one batch, with compilation")
    print(f"the usual loop: {loop:.1f} s (scaled from {LOOP_FILTERS} filters), ratio {loop / ours:.1f}")
    last = time_ours(network, "conv2d_9", LAST_STEPS) * STEPS / LAST_STEPS
    print(f"conv2d_9, 128 filters, {STEPS} steps: {last / 60:.1f} min (scaled from {LAST_STEPS} steps)")


def time_ours(network: Any, layer_name: str, steps: int) -> float:
    """Seconds for all filters of a layer."""
    started = time.perf_counter()
    maximise_activation(network, layer_name, PRESETS["plain"], steps, seed=1)
    return time.perf_counter() - started


def time_loop(network: Any, layer_name: str, filters: int) -> float:
    """Seconds for the first filters of a layer, STEPS steps each, as the usual recipe does it."""
    import keras
    import tensorflow as tf

    number = layer_name.removeprefix("conv2d_")
    features = keras.Model(network.input, network.get_layer(f"activation_{number}").output)
    generator = np.random.default_rng(1)
    started = time.perf_counter()
    for index in range(filters):
        image = tf.Variable(generator.uniform(117, 138, (1, 48, 48)).astype(np.float32))
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                activation = tf.reduce_mean(features(image)[..., index])
            gradient = tape.gradient(activation, image)
            image.assign_add(gradient / (tf.sqrt(tf.reduce_mean(tf.square(gradient))) + 1e-5))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
