"""Batches whose shuffling and augmentation derive from (seed, epoch, step) alone."""

import numpy as np
import tensorflow as tf

from data.dataset import NUM_CLASSES
from training.augmentation import augment
from training.recipes import Augmentation


def training_batches(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int,
    seed: int,
    epochs: range,
    augmentation: Augmentation | None,
) -> tf.data.Dataset:
    """Batches of all `epochs`, one after the other: (B, 48, 48) float32 faces, (B, 7) float32 one-hot labels.

    images: (N, 48, 48) uint8. labels: (N,) integers. Each epoch is a new permutation; its last N % B faces
    wait for the next epoch, because a batch of another size would be compiled anew.
    """
    faces = tf.constant(images)
    targets = tf.one_hot(labels, NUM_CLASSES)
    count = len(images)
    steps = steps_per_epoch(count, batch_size)

    def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=tf.stack([seed, epoch]))
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder=True)
        return rows.enumerate(start=epoch * steps)

    def load(step: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.gather(faces, rows)
        if augmentation is not None:
            batch = augment(batch, augmentation, tf.stack([tf.cast(seed, tf.int64), step]))
        return tf.cast(batch, tf.float32), tf.gather(targets, rows)

    batches = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(batches_of)
    return without_autotuning(batches.map(load, num_parallel_calls=2).prefetch(2))


def without_autotuning(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches without TensorFlow's tuning thread, which holds an iterator's end up by its naps.

    The naps double from 0.01 to 60 s (TensorFlow 2.21), so that a pass over 100 s of batches took 142 s.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole batches in `count` faces."""
    return count // batch_size
