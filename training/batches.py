"""Batches whose shuffling, augmentation and mixing derive from (seed, epoch, step) alone."""

import numpy as np
import tensorflow as tf

from training.augmentation import augment
from training.recipes import Recipe


def training_batches(
    images: np.ndarray, targets: np.ndarray, recipe: Recipe, *, seed: int, epochs: range
) -> tf.data.Dataset:
    """Batches of all `epochs`, one after the other: (B, 48, 48) float32 faces, (B, 7) float32 targets.

    images: (N, 48, 48) uint8. targets: (N, 7) float32 probabilities. recipe: batch size, augmentation and
    mixup count. Each epoch is a new permutation, of which the last N % B faces are left out, because a batch
    of another size would be traced again.
    """
    faces, known = tf.constant(images), tf.constant(targets, tf.float32)
    count = len(images)
    batch_size = min(recipe.batch_size, count)
    steps = steps_per_epoch(count, batch_size)
    # A seed that no epoch and no step has.
    mirrored_first = tf.random.stateless_uniform((count,), [seed, -1]) < 0.5
    mixed_steps = round(recipe.epochs * recipe.mixup_until) * steps if recipe.mixup else 0

    def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=tf.stack([seed, epoch]))
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder=True)
        return rows.enumerate(start=epoch * steps)

    def load(step: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch, target = tf.cast(tf.gather(faces, rows), tf.float32), tf.gather(known, rows)
        step_seed = tf.stack([tf.cast(seed, tf.int64), step])
        if recipe.augmentation is not None:
            is_odd_epoch = step // steps % 2 == 1
            alternate = tf.gather(mirrored_first, rows) ^ is_odd_epoch
            mirrored = alternate if recipe.augmentation.alternate else None
            batch = augment(batch, recipe.augmentation, step_seed, mirrored)
        if not mixed_steps:
            return batch, target
        return tf.cond(
            step < mixed_steps,
            lambda: _mix(batch, target, recipe, step_seed),
            lambda: (batch, target),
        )

    batches = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(batches_of)
    return without_autotuning(batches.map(load, num_parallel_calls=2).prefetch(2))


def _mix(
    faces: tf.Tensor, targets: tf.Tensor, recipe: Recipe, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Average each face and its targets with those of the next face, in a share of the batches.

    The weights come from a Beta distribution, one per face (Zhang et al. 2018, mixup).
    """
    # The augmentation of this step has split `seed` itself.
    gamma_seed, batch_seed = tf.unstack(tf.random.experimental.stateless_split(seed + 1, 2))
    # Two gamma variables give a beta variable. Neither may be 0, as those of a small alpha can round to.
    gamma = tf.random.stateless_gamma((2, tf.shape(faces)[0]), gamma_seed, recipe.mixup) + 1e-30
    weight = gamma[0] / (gamma[0] + gamma[1])
    is_mixed = tf.random.stateless_uniform((), batch_seed) < recipe.mixup_share
    weight = tf.where(is_mixed, weight, tf.ones_like(weight))[:, tf.newaxis]
    mixed = weight * targets + (1 - weight) * tf.roll(targets, 1, axis=0)
    weight = weight[..., tf.newaxis]
    return weight * faces + (1 - weight) * tf.roll(faces, 1, axis=0), mixed


def without_autotuning(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches without TensorFlow's tuning thread, whose sleeps delay the end of an iterator. They
    double from 0.01 to 60 s (TensorFlow 2.21), so a pass over 100 s of batches took 142 s.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole batches in `count` faces."""
    return count // batch_size
