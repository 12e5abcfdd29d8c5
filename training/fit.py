"""Build, compile and fit one network into its run folder."""

import sys
from contextlib import nullcontext
from typing import Any

import keras
import tensorflow as tf

from data.dataset import NUM_CLASSES, Dataset
from models.networks import builder
from models.tensorflow_setup import Acceleration
from training.batches import steps_per_epoch, training_batches
from training.callbacks import (
    Checkpoint,
    EpochLine,
    Progress,
    SeedEpoch,
    StopAtNonFiniteLoss,
    load_checkpoint,
)
from training.recipes import Recipe
from training.run_folder import RunFolder
from training.training_data import TrainingData

VALIDATION_BATCH_SIZE = 256


def fit(
    run: RunFolder,
    data: TrainingData,
    recipe: Recipe,
    *,
    network: str,
    seed: int,
    acceleration: Acceleration,
    strategy: str = "none",
) -> Progress:
    """Train from the run's checkpoint, or from scratch, to the recipe's last epoch.

    strategy: 'none', or 'mirrored' for all GPUs of this machine (tf.distribute.MirroredStrategy), where each
    computes an equal part of every batch. Raises InputError when the loss is not finite or the disk is full.
    """
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(acceleration.dtype_policy)
    batch_size = min(recipe.batch_size, len(data.training))
    steps = steps_per_epoch(len(data.training), batch_size)
    with _mirrored_scope() if strategy == "mirrored" else nullcontext():
        model = builder(network)(data.mean, data.std, dropout=recipe.dropout)
        # The same layers and weights, never compiled: its files hold no optimiser state.
        weights_only = keras.Model(model.inputs, model.outputs)
        model.compile(
            optimizer=optimizer(recipe, recipe.epochs * steps),
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=recipe.label_smoothing
            ),
            metrics=["accuracy"],
            jit_compile=acceleration.jit_compile,
        )
        progress = load_checkpoint(model, run)
    batches = training_batches(
        data.training.images,
        data.training.require_labels(),
        batch_size=batch_size,
        seed=seed,
        epochs=range(progress.epochs, recipe.epochs),
        augmentation=recipe.augmentation,
    )
    description = {"network": network, "mean": data.mean, "std": data.std, "seed": seed}
    callbacks = [
        SeedEpoch(seed),
        StopAtNonFiniteLoss(run),
        Checkpoint(run, weights_only, progress, description, data.hashes),
    ]
    on_terminal = sys.stdout.isatty()
    model.fit(
        batches,
        validation_data=None if data.validation is None else validation_batches(data.validation),
        epochs=recipe.epochs,
        initial_epoch=progress.epochs,
        steps_per_epoch=steps,
        shuffle=False,  # the batches are shuffled already
        callbacks=callbacks if on_terminal else [*callbacks, EpochLine(progress)],
        verbose=1 if on_terminal else 0,
    )
    return progress


def optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """A fresh optimiser for a run of `steps` batches."""
    learning_rate: Any = recipe.learning_rate
    if recipe.warmup:
        warmup_steps = max(1, round(steps * recipe.warmup))
        learning_rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=recipe.learning_rate / 25,
            decay_steps=max(1, steps - warmup_steps),
            warmup_target=recipe.learning_rate,
            warmup_steps=warmup_steps,
        )
    if not recipe.weight_decay:
        return keras.optimizers.Adam(learning_rate)
    adamw = keras.optimizers.AdamW(learning_rate, weight_decay=recipe.weight_decay)
    # Decay of a bias or of batch normalisation's scale regularises nothing.
    adamw.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return adamw


def validation_batches(validation: Dataset) -> tf.data.Dataset:
    """(B, 48, 48) uint8 faces and (B, 7) one-hot labels, in order, every face once."""
    pairs = (validation.images, tf.one_hot(validation.require_labels(), NUM_CLASSES))
    return tf.data.Dataset.from_tensor_slices(pairs).batch(VALIDATION_BATCH_SIZE)


def _mirrored_scope() -> Any:
    devices = [
        device.name
        for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    ]
    print(f"{len(devices)} devices: {', '.join(devices)}")
    return tf.distribute.MirroredStrategy(devices).scope()
