"""Build, compile and fit one network into its run folder."""

import contextlib
import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from data.dataset import NUM_CLASSES, Dataset
from models import builder
from models.weights_file import WeightsFile, load_network
from training.batches import steps_per_epoch, training_batches, without_autotuning
from training.callbacks import (
    Checkpoint,
    EpochLine,
    Progress,
    SeedEpoch,
    StopAtNonFiniteLoss,
    load_checkpoint,
)
from training.optimizers import build_optimizer
from training.precision import DTYPE_POLICIES, Precision
from training.recipes import Recipe
from training.run_folder import RunFolder
from training.training_data import TrainingData

VALIDATION_BATCH_SIZE = 256
# How many batches measure the statistics of averaged weights: enough for 0.1 points, a second or two.
STATISTICS_BATCHES = 20


def fit(
    run: RunFolder,
    data: TrainingData,
    recipe: Recipe,
    *,
    network: str,
    seed: int,
    precision: Precision,
    strategy: str = "none",
    start: WeightsFile | None = None,
    begin: Callable[[], None] = lambda: None,
) -> Progress:
    """Train from the run's checkpoint, else from `start`, else from scratch, to the recipe's last epoch.

    precision: 'float32' or 'bfloat16'; a checkpoint fits both, since its weights are float32.
    strategy: 'none', or 'mirrored' for all GPUs of this machine (tf.distribute.MirroredStrategy), where each
    computes an equal part of every batch. begin: is called when the checkpoint is restored, before the first
    batch. Raises InputError when the loss is not finite or the disk is full.
    """
    keras.utils.set_random_seed(seed)
    batch_size = min(recipe.batch_size, len(data.training))
    steps = steps_per_epoch(len(data.training), batch_size)
    with _mirrored_scope() if strategy == "mirrored" else contextlib.nullcontext():
        model = build_compiled(network, data.mean, data.std, recipe, recipe.epochs * steps, precision)
        # The same layers and weights, never compiled: its files hold no optimiser state.
        weights_only = keras.Model(model.inputs, model.outputs)
        progress = load_checkpoint(model, run)
        if start is not None and not progress.epochs:
            model.set_weights(load_network(start).get_weights())
    begin()
    images, targets = data.training.images, data.targets(recipe.teacher_share)
    batches = training_batches(
        images, targets, recipe, seed=seed, epochs=range(progress.epochs, recipe.epochs)
    )

    def statistics_batches(epoch: int) -> Iterator[Any]:
        # A generator, because most recipes average nothing and then never ask for a batch.
        whole_faces = dataclasses.replace(recipe, mixup=0.0)
        epochs = range(epoch, epoch + 1)
        batches = training_batches(images, targets, whole_faces, seed=seed, epochs=epochs)
        yield from itertools.islice(batches, STATISTICS_BATCHES)

    description = {"network": network, "mean": data.mean, "std": data.std, "seed": seed}
    callbacks = [
        SeedEpoch(seed, steps),
        StopAtNonFiniteLoss(run),
        Checkpoint(
            run,
            weights_only,
            progress,
            description,
            (data.hashes, data.perceptual_hashes),
            statistics_batches,
        ),
    ]
    on_terminal = sys.stdout.isatty()
    model.fit(
        batches,
        validation_data=None if data.validation is None else validation_faces(data.validation, model),
        validation_batch_size=VALIDATION_BATCH_SIZE,
        epochs=recipe.epochs,
        initial_epoch=progress.epochs,
        steps_per_epoch=steps,
        shuffle=False,  # the batches are shuffled already
        callbacks=callbacks if on_terminal else [*callbacks, EpochLine(progress)],
        verbose=1 if on_terminal else 0,
    )
    return progress


def build_compiled(
    network: str, mean: float, std: float, recipe: Recipe, steps: int, precision: Precision
) -> keras.Model:
    """The network that computes in `precision`, ready to fit by the recipe for `steps` batches."""
    with _dtype_policy(DTYPE_POLICIES[precision]):
        model = builder(network)(mean, std, dropout=recipe.dropout, block_dropout=recipe.block_dropout)
    model.compile(
        optimizer=build_optimizer(recipe, steps, model.compute_dtype),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
        # Keras would choose XLA for TensorFlow on a GPU too; training/precision.py says why it may not.
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Build layers with another dtype policy, and leave Keras's global one as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def validation_faces(validation: Dataset, model: keras.Model) -> Any:
    """uint8 faces and their one-hot labels: (N, 48, 48) and (N, 7) arrays, on TensorFlow batches of them."""
    pairs = (validation.images, np.eye(NUM_CLASSES, dtype=np.float32)[validation.require_labels()])
    if keras.backend.backend() == "jax":
        return pairs
    import tensorflow as tf

    # Keras fails in mirrored training unless all devices get equal shares of the first batch.
    devices = model.distribute_strategy.num_replicas_in_sync
    size = min(VALIDATION_BATCH_SIZE // devices, max(1, len(validation) // devices)) * devices
    return without_autotuning(tf.data.Dataset.from_tensor_slices(pairs).batch(size))


def _mirrored_scope() -> Any:
    import tensorflow as tf

    devices = [
        device.name
        for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    ]
    print(f"{len(devices)} devices: {', '.join(devices)}")
    return tf.distribute.MirroredStrategy(devices).scope()
