"""Batches whose shuffling, augmentation and mixing derive from (seed, epoch, step) alone."""

import functools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import betaincinv

from training.augmentation import augment
from training.randomness import make_key, permutation, split, uniform
from training.recipes import Recipe

# A key is (seed, number). Its number is 0, 1 and so on for a step of the run, -2, -3 and so on for the order
# of an epoch, and -1 for which faces are mirrored first.
_MIRRORED, _FIRST_EPOCH = -1, -2
# Of how many equally likely weights mixup draws.
_MIXUP_WEIGHTS = 4096


def training_batches(
    images: np.ndarray, targets: np.ndarray, recipe: Recipe, *, seed: int, epochs: range
) -> Any:
    """Batches of all `epochs`, one after the other: (B, 48, 48) float32 faces, (B, 7) float32 targets.

    images: (N, 48, 48) uint8. targets: (N, 7) float32 probabilities. recipe: batch size, augmentation and
    mixup count. Each epoch is a new permutation, of which the last N % B faces are left out, because a batch
    of another size would be traced again. Returns a tf.data.Dataset or, on JAX, an iterator.
    """
    mirrored_first = uniform((len(images),), make_key(seed, _MIRRORED)) < 0.5
    sources = ops.convert_to_tensor(images), ops.convert_to_tensor(targets, "float32"), mirrored_first
    batches = _jax_batches if keras.backend.backend() == "jax" else _tensorflow_batches
    return batches(sources, recipe, seed, epochs)


def _tensorflow_batches(sources: Any, recipe: Recipe, seed: int, epochs: range) -> Any:
    import tensorflow as tf

    count = sources[0].shape[0]
    batch_size = min(recipe.batch_size, count)

    def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
        order = permutation(count, make_key(seed, _FIRST_EPOCH - epoch))
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder=True)
        return rows.enumerate(start=epoch * steps_per_epoch(count, batch_size))

    def load(step: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _batch(sources, rows, step, recipe, seed)

    batches = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(batches_of)
    return without_autotuning(batches.map(load, num_parallel_calls=2).prefetch(2))


def _jax_batches(sources: Any, recipe: Recipe, seed: int, epochs: range) -> Iterator[Any]:
    count = sources[0].shape[0]
    batch_size = min(recipe.batch_size, count)
    steps = steps_per_epoch(count, batch_size)
    load = _compiled_batch()
    for epoch in epochs:
        order = np.array(permutation(count, make_key(seed, _FIRST_EPOCH - epoch)))
        for number, rows in enumerate(order[: steps * batch_size].reshape(steps, batch_size)):
            yield load(sources, rows, np.int32(epoch * steps + number), recipe=recipe, seed=seed)


@functools.cache
def _compiled_batch() -> Any:
    """_batch, compiled once for all runs of this process; its recipe and its seed are constants."""
    import jax

    return jax.jit(_batch, static_argnames=("recipe", "seed"))


def _batch(sources: Any, rows: Any, step: Any, recipe: Recipe, seed: int) -> tuple[Any, Any]:
    """The faces of these rows as the network sees them in this step of the run, and their targets.

    sources: all faces, their targets, and which of them are mirrored in the first epoch.
    """
    images, all_targets, mirrored_first = sources
    count = images.shape[0]
    steps = steps_per_epoch(count, min(recipe.batch_size, count))
    faces, targets = ops.cast(ops.take(images, rows, axis=0), "float32"), ops.take(all_targets, rows, axis=0)
    augment_key, mix_key = split(make_key(seed, step), 2)
    if recipe.augmentation is not None:
        alternate = ops.logical_xor(ops.take(mirrored_first, rows, axis=0), step // steps % 2 == 1)
        faces = augment(
            faces, recipe.augmentation, augment_key, alternate if recipe.augmentation.alternate else None
        )
    if recipe.mixup:
        is_early = step < round(recipe.epochs * recipe.mixup_until) * steps
        faces, targets = _mix(faces, targets, recipe, mix_key, is_early)
    return faces, targets


def _mix(faces: Any, targets: Any, recipe: Recipe, key: Any, is_early: Any) -> tuple[Any, Any]:
    """Average each face and its targets with those of the face before it, in a share of the batches.

    is_early: False in the epochs whose faces stay whole. The weights come from a Beta distribution, one per
    face (Zhang et al. 2018, mixup).
    """
    weight_key, batch_key = split(key, 2)
    numbers = uniform((ops.shape(faces)[0],), weight_key, 0.0, _MIXUP_WEIGHTS)
    weight = ops.take(ops.convert_to_tensor(_beta_quantiles(recipe.mixup)), ops.cast(numbers, "int32"))
    is_mixed = ops.logical_and(is_early, uniform((), batch_key) < recipe.mixup_share)
    weight = ops.where(is_mixed, weight, ops.ones_like(weight))[:, np.newaxis]
    mixed = weight * targets + (1 - weight) * ops.roll(targets, 1, axis=0)
    weight = weight[..., np.newaxis]
    return weight * faces + (1 - weight) * ops.roll(faces, 1, axis=0), mixed


def _beta_quantiles(alpha: float) -> np.ndarray:
    """(_MIXUP_WEIGHTS,) float32: equally likely numbers of the distribution Beta(alpha, alpha).

    To take one of them is faster than to draw from the distribution. Libraries draw in a loop, which ends
    when a number is accepted, and in each of its turns a GPU waits for the CPU.
    """
    middles = (np.arange(_MIXUP_WEIGHTS) + 0.5) / _MIXUP_WEIGHTS
    return betaincinv(alpha, alpha, middles).astype(np.float32)


def without_autotuning(batches: Any) -> Any:
    """The same tf.data.Dataset without TensorFlow's tuning thread, whose sleeps delay the end of an iterator.
    They double from 0.01 to 60 s (TensorFlow 2.21), so a pass over 100 s of batches took 142 s.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole batches in `count` faces."""
    return count // batch_size
