"""Random changes to faces: one projective transform per batch, then light, then an erased patch.

Every random number derives from the key that is passed in, so a resumed run sees the same faces again.
"""

from typing import Any

import numpy as np
from keras import ops

from data.dataset import IMAGE_SIZE
from training.randomness import split, uniform
from training.recipes import Augmentation

# Of an erased patch: the least share of the face, and the range of height divided by width.
LEAST_ERASED = 0.02
NARROWEST, WIDEST = 0.3, 1 / 0.3


def augment(faces: Any, augmentation: Augmentation, key: Any, mirrored: Any = None) -> Any:
    """(N, 48, 48) grey levels 0..255 of any dtype -> (N, 48, 48) float32 of the same range.

    key: of training/randomness.py. mirrored: (N,) bool, which faces to mirror if `augmentation.flip`; None
    for a random half. What a transform uncovers is filled with the nearest pixel, as in the report.
    """
    keys = split(key, 4)
    count = ops.shape(faces)[0]
    if mirrored is None:
        mirrored = uniform((count,), keys[0]) < 0.5
    faces = ops.image.affine_transform(
        ops.expand_dims(ops.cast(faces, "float32"), -1),
        _transforms(count, augmentation, mirrored, keys[1]),
        interpolation="bilinear",
        fill_mode="nearest",
        data_format="channels_last",
    )[..., 0]
    if augmentation.brightness or augmentation.contrast:
        faces = _change_light(faces, augmentation, keys[2])
    if augmentation.erase:
        faces = _erase(faces, augmentation, keys[3])
    return faces


def _transforms(count: Any, augmentation: Augmentation, mirrored: Any, key: Any) -> Any:
    """(count, 8) rows a0 a1 a2 b0 b1 b2 0 0 that map an output (x, y) to the input (a.x, b.x).

    In that direction a scale above 1 makes the face smaller.
    """
    random = uniform((5, count), key, -1.0, 1.0)
    angle = random[0] * (augmentation.rotation * np.pi / 180)
    shift_x = random[1] * (augmentation.shift * IMAGE_SIZE)
    shift_y = random[2] * (augmentation.shift * IMAGE_SIZE)
    scale = 1.0 + random[3] * augmentation.zoom
    stretch = 1.0 + random[4] * augmentation.aspect
    scale_x, scale_y = scale * ops.sqrt(stretch), scale / ops.sqrt(stretch)
    mirror = ops.where(mirrored, -1.0, 1.0) if augmentation.flip else ops.ones(count)
    # Each row of a rotation matrix times its scale, the first one also times the mirror: rotation, zoom and
    # flip about the centre of the picture, then the shift.
    a0, a1 = mirror * ops.cos(angle) * scale_x, -mirror * ops.sin(angle) * scale_x
    b0, b1 = ops.sin(angle) * scale_y, ops.cos(angle) * scale_y
    centre = (IMAGE_SIZE - 1) / 2
    a2 = centre + shift_x - centre * (a0 + a1)
    b2 = centre + shift_y - centre * (b0 + b1)
    zero = ops.zeros(count)
    return ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def _change_light(faces: Any, augmentation: Augmentation, key: Any) -> Any:
    """Stretch the grey levels of each face about its mean, move them, and keep them in 0..255."""
    random = uniform((2, ops.shape(faces)[0], 1, 1), key, -1.0, 1.0)
    mean = ops.mean(faces, axis=(1, 2), keepdims=True)
    faces = mean + (faces - mean) * (1.0 + random[0] * augmentation.contrast)
    return ops.clip(faces + random[1] * (augmentation.brightness * 255.0), 0.0, 255.0)


def _erase(faces: Any, augmentation: Augmentation, key: Any) -> Any:
    """Set one rectangle of some faces to the face's mean; rectangles may reach over the border.

    Area and shape are random, as in Zhong et al. 2020 (Random Erasing).
    """
    random = uniform((5, ops.shape(faces)[0], 1, 1), key)
    least = min(LEAST_ERASED, augmentation.erase)
    area = (least + random[0] * (augmentation.erase - least)) * IMAGE_SIZE**2
    shape = ops.exp(np.log(NARROWEST) + random[1] * np.log(WIDEST / NARROWEST))
    height, width = ops.sqrt(area * shape), ops.sqrt(area / shape)
    pixels = ops.arange(IMAGE_SIZE, dtype="float32") + 0.5
    rows = ops.abs(pixels[:, np.newaxis] - random[2] * IMAGE_SIZE) <= height / 2
    columns = ops.abs(pixels[np.newaxis, :] - random[3] * IMAGE_SIZE) <= width / 2
    erased = rows & columns & (random[4] < augmentation.erase_probability)
    return ops.where(erased, ops.mean(faces, axis=(1, 2), keepdims=True), faces)
