"""Batches of faces, shuffled, augmented and mixed anew in each epoch.

All random numbers derive from (seed, epoch) alone and are drawn by NumPy, so that a resumed run sees the same
faces again, on either of Keras's backends. The pixels are computed by the backend, compiled.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from data import IMAGE_SIZE
from training.recipes import Augmentation, Recipe

# What is drawn for each face: numbers from 0 to 1 for its changes, and its weight in mixup.
CHANGES = ("flip", "rotation", "shift_x", "shift_y", "zoom", "aspect", "brightness", "contrast")
ERASED = ("erased", "area", "shape", "row", "column")
NUMBERS = (*CHANGES, *ERASED, "mixup")
# Of an erased rectangle: the least share of the face, and the range of height divided by width.
LEAST_ERASED = 0.02
NARROWEST, WIDEST = 0.3, 1 / 0.3
# The least and the greatest quality of faces stored as JPEG: those that pictures on the web mostly have.
QUALITIES = (60, 95)


class Batches:
    """The batches of each epoch, which are a permutation of the faces; with teachers nearly so.

    The last faces are left out where they would make a smaller batch, because one of another size would be
    traced again.
    """

    def __init__(
        self, images: np.ndarray, targets: np.ndarray, recipe: Recipe, seed: int, teachers: Sequence[Any] = ()
    ) -> None:
        """images: (N, 48, 48) uint8. targets: (N, 7) probabilities of the classes.

        teachers: keras.Models that predict the very pictures of a batch, augmented and mixed, as part of its
        targets (Beyer et al. 2022, arXiv 2106.05237), each with (N,) bool, which faces it may teach. A face
        that several may teach gets one of them in each epoch, by chance.
        """
        self.images = images
        self.sources = ops.convert_to_tensor(images), ops.convert_to_tensor(targets, "float32")
        self.recipe = recipe
        self.seed = seed
        self.count = len(images)
        self.batch_size = min(recipe.batch_size, self.count)
        self.steps = self.count // self.batch_size
        self.teachers = [functools.partial(network, training=False) for network, _ in teachers]
        self.may_teach = np.array([may_teach for _, may_teach in teachers])
        self._load = compiled(self._batch)

    def epoch(self, epoch: int, mixup: bool = True) -> Iterable[tuple[Any, Any]]:
        """(B, 48, 48) float32 grey levels and (B, 7) float32 targets of one epoch, the first of which is 0.

        mixup: whether faces are mixed if the recipe says so. Gives a tf.data.Dataset, on JAX an iterator.
        """
        # NumPy takes [seed] for [seed, 0].
        random = np.random.default_rng([self.seed, epoch + 1])
        shape = self.steps, self.batch_size
        rows = random.permutation(self.count)[: self.steps * self.batch_size].reshape(shape)
        taught_by: list[np.ndarray] = []  # (steps,) teachers, if there are any
        if self.teachers:
            rows, *taught_by = self._taught_rows(random)
        rows = rows.astype(np.int32)
        numbers = random.random((len(NUMBERS), *shape), np.float32)
        if self.recipe.augmentation.alternate:
            mirrored_first = np.random.default_rng([self.seed, 0]).random(self.count) < 0.5
            numbers[NUMBERS.index("flip")] = mirrored_first[rows] ^ (epoch % 2 == 1)
        numbers[NUMBERS.index("mixup")] = self._mixup_weights(random, epoch) if mixup else 1.0
        numbers = np.moveaxis(numbers, 1, 0)  # (steps, numbers, B)
        sources = self.sources
        if share := self.recipe.augmentation.jpeg:
            own = np.random.default_rng([self.seed, epoch + 1, 1])  # the same with and without mixup
            sources = ops.convert_to_tensor(as_jpeg(self.images, share, own)), sources[1]
        if keras.backend.backend() == "jax" or taught_by:  # tf.data would keep teachers off the GPU
            return (self._load(*sources, *each) for each in zip(rows, numbers, *taught_by, strict=True))
        import tensorflow as tf

        def load(rows: Any, numbers: Any) -> tuple[Any, Any]:
            return self._load(*sources, rows, numbers)

        batches = tf.data.Dataset.from_tensor_slices((rows, numbers)).map(load, num_parallel_calls=2)
        options = tf.data.Options()
        # Its thread's sleeps delay the end of an iterator, and double from 0.01 to 60 s (TensorFlow 2.21): a
        # pass over 100 s of batches took 142 s.
        options.autotune.enabled = False
        return batches.prefetch(2).with_options(options)

    def _mixup_weights(self, random: np.random.Generator, epoch: int) -> np.ndarray:
        """(steps, B), or 1 for all: the weight of each face, beside the one before it in the batch."""
        recipe = self.recipe
        if not recipe.mixup or epoch >= round(recipe.epochs * recipe.mixup_until):
            return np.ones(())
        is_mixed = random.random((self.steps, 1)) < recipe.mixup_share
        return np.where(is_mixed, random.beta(recipe.mixup, recipe.mixup, (self.steps, self.batch_size)), 1)

    def _taught_rows(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(steps, B) rows of faces, and (steps,) the teacher of each batch, so also of its mixed pairs.

        A teacher's last batch is filled up with its first faces; the batches beyond `steps` are left out.
        """
        chosen = np.where(self.may_teach, random.random(self.may_teach.shape), -1).argmax(axis=0)
        own = [random.permutation(np.flatnonzero(chosen == each)) for each in range(len(self.teachers))]
        rows = [np.resize(each, (-(-len(each) // self.batch_size), self.batch_size)) for each in own]
        teachers = np.repeat(np.arange(len(rows), dtype=np.int32), [len(each) for each in rows])
        order = random.permutation(len(teachers))[: self.steps]
        return np.concatenate(rows)[order], teachers[order]

    def _batch(self, images: Any, targets: Any, rows: Any, numbers: Any, teacher: Any = None) -> Any:
        faces, targets = ops.take(images, rows, axis=0), ops.take(targets, rows, axis=0)
        faces = augment(faces, self.recipe.augmentation, numbers)
        if self.recipe.mixup:
            weight = numbers[NUMBERS.index("mixup")][:, None]
            targets = weight * targets + (1 - weight) * ops.roll(targets, 1, axis=0)
            weight = weight[..., None]
            faces = weight * faces + (1 - weight) * ops.roll(faces, 1, axis=0)
        if teacher is not None:
            share = self.recipe.teacher_share
            predicted = ops.softmax(ops.switch(teacher, self.teachers, faces))
            targets = (1 - share) * targets + share * predicted
        return faces, targets


def as_jpeg(images: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """(N, 48, 48) uint8 faces, about this share of them as they are after JPEG, at one of QUALITIES."""
    import cv2  # here, because other trainings do without it

    images = images.copy()
    for index in np.flatnonzero(random.random(len(images)) < share):
        quality = int(random.integers(*QUALITIES, endpoint=True))
        _, file = cv2.imencode(".jpg", images[index], [cv2.IMWRITE_JPEG_QUALITY, quality])
        images[index] = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)
    return images


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled by Keras's backend for each shape of its arguments."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, autograph=False)


def augment(faces: Any, augmentation: Augmentation, numbers: Any) -> Any:
    """(N, 48, 48) grey levels 0..255 of any dtype -> (N, 48, 48) float32 of the same range.

    numbers: (len(NUMBERS), N) float32, random from 0 to 1. What a transform uncovers is filled with the
    nearest pixel, as in the report.
    """
    faces = ops.cast(faces, "float32")
    if augmentation == Augmentation():
        return faces
    random = dict(zip(NUMBERS, ops.unstack(numbers, len(NUMBERS)), strict=True))
    faces = ops.image.affine_transform(
        faces[..., None],
        _transforms(augmentation, random),
        interpolation="bilinear",
        fill_mode="nearest",
        data_format="channels_last",
    )[..., 0]
    if augmentation.brightness or augmentation.contrast:
        mean = ops.mean(faces, axis=(1, 2), keepdims=True)
        contrast = _symmetric(random, "contrast")[:, None, None]
        brightness = _symmetric(random, "brightness")[:, None, None]
        faces = mean + (faces - mean) * (1.0 + contrast * augmentation.contrast)
        faces = ops.clip(faces + brightness * (augmentation.brightness * 255.0), 0.0, 255.0)
    return _erase(faces, augmentation, random) if augmentation.erase else faces


def _symmetric(random: Mapping[str, Any], name: str) -> Any:
    """(N,) numbers from -1 to 1."""
    return 2.0 * random[name] - 1.0


def _transforms(augmentation: Augmentation, random: Mapping[str, Any]) -> Any:
    """(N, 8) rows a0 a1 a2 b0 b1 b2 0 0 that map an output (x, y) to the input (a.x, b.x).

    In that direction a scale above 1 makes the face smaller.
    """
    angle = _symmetric(random, "rotation") * (augmentation.rotation * np.pi / 180)
    shift_x = _symmetric(random, "shift_x") * (augmentation.shift * IMAGE_SIZE)
    shift_y = _symmetric(random, "shift_y") * (augmentation.shift * IMAGE_SIZE)
    scale = 1.0 + _symmetric(random, "zoom") * augmentation.zoom
    stretch = 1.0 + _symmetric(random, "aspect") * augmentation.aspect
    scale_x, scale_y = scale * ops.sqrt(stretch), scale / ops.sqrt(stretch)
    mirror = ops.where(random["flip"] < 0.5, 1.0, -1.0) if augmentation.flip else ops.ones_like(angle)
    # Each row of a rotation matrix times its scale, the first one also times the mirror: rotation, zoom and
    # flip about the centre of the picture, then the shift.
    a0, a1 = mirror * ops.cos(angle) * scale_x, -mirror * ops.sin(angle) * scale_x
    b0, b1 = ops.sin(angle) * scale_y, ops.cos(angle) * scale_y
    centre = (IMAGE_SIZE - 1) / 2
    a2 = centre + shift_x - centre * (a0 + a1)
    b2 = centre + shift_y - centre * (b0 + b1)
    zero = ops.zeros_like(angle)
    return ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def _erase(faces: Any, augmentation: Augmentation, random: Mapping[str, Any]) -> Any:
    """Set one rectangle of some faces to the face's mean; rectangles may reach over the border.

    Area and shape are random, as in Zhong et al. 2020 (Random Erasing).
    """
    chosen, share, shape, row, column = (random[name][:, None, None] for name in ERASED)
    least = min(LEAST_ERASED, augmentation.erase)
    area = (least + share * (augmentation.erase - least)) * IMAGE_SIZE**2
    shape = ops.exp(np.log(NARROWEST) + shape * np.log(WIDEST / NARROWEST))
    height, width = ops.sqrt(area * shape), ops.sqrt(area / shape)
    pixels = ops.arange(IMAGE_SIZE, dtype="float32") + 0.5
    rows = ops.abs(pixels[:, None] - row * IMAGE_SIZE) <= height / 2
    columns = ops.abs(pixels[None, :] - column * IMAGE_SIZE) <= width / 2
    erased = rows & columns & (chosen < augmentation.erase_probability)
    return ops.where(erased, ops.mean(faces, axis=(1, 2), keepdims=True), faces)
