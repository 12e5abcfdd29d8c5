"""Random shifts, rotations, zooms, flips and erased patches: one projective transform per batch of faces.

Every random number derives from the seed that is passed in, so a resumed run sees the same faces again.
"""

import numpy as np
import tensorflow as tf

from data.dataset import IMAGE_SIZE
from training.recipes import Augmentation


def augment(faces: tf.Tensor, augmentation: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """(N, 48, 48) grey levels 0..255 of any dtype -> (N, 48, 48) float32 of the same range.

    seed: (2,) integers. What a transform uncovers is filled with the nearest pixel, as in the report.
    """
    transform_seed, erase_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    faces = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(faces, tf.float32)[..., tf.newaxis],
        transforms=_transforms(tf.shape(faces)[0], augmentation, transform_seed),
        output_shape=(IMAGE_SIZE, IMAGE_SIZE),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )[..., 0]
    if augmentation.erase:
        faces = _erase(faces, augmentation.erase, erase_seed)
    return faces


def _transforms(count: tf.Tensor, augmentation: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """(count, 8) rows a0 a1 a2 b0 b1 b2 0 0 that map an output (x, y) to the input (a.x, b.x).

    In that direction a scale above 1 makes the face smaller.
    """
    random = tf.random.stateless_uniform((5, count), seed, -1.0, 1.0)
    angle = random[0] * (augmentation.rotation * np.pi / 180)
    shift_x = random[1] * (augmentation.shift * IMAGE_SIZE)
    shift_y = random[2] * (augmentation.shift * IMAGE_SIZE)
    scale = 1.0 + random[3] * augmentation.zoom
    mirror = tf.where(random[4] < 0, -1.0, 1.0) if augmentation.flip else tf.ones(count)
    # A rotation matrix times the scale, its first row also times the mirror: rotation, zoom and flip about
    # the centre of the picture, then the shift.
    a0, a1 = mirror * tf.cos(angle) * scale, -mirror * tf.sin(angle) * scale
    b0, b1 = tf.sin(angle) * scale, tf.cos(angle) * scale
    centre = (IMAGE_SIZE - 1) / 2
    a2 = centre + shift_x - centre * (a0 + a1)
    b2 = centre + shift_y - centre * (b0 + b1)
    zero = tf.zeros(count)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def _erase(faces: tf.Tensor, side: int, seed: tf.Tensor) -> tf.Tensor:
    """Set one square of each face to the face's mean; squares may reach over the border."""
    centres = tf.random.stateless_uniform((2, tf.shape(faces)[0], 1, 1), seed, 0.0, float(IMAGE_SIZE))
    pixels = tf.range(IMAGE_SIZE, dtype=tf.float32) + 0.5
    rows = tf.abs(pixels[:, tf.newaxis] - centres[0]) <= side / 2
    columns = tf.abs(pixels[tf.newaxis, :] - centres[1]) <= side / 2
    return tf.where(rows & columns, tf.reduce_mean(faces, axis=(1, 2), keepdims=True), faces)
