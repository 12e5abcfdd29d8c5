"""Drawn 48x48 grey faces of the seven expressions, with the position of each part of the face.

A face is an expression's action units (drawing/action_units.py), each at a random intensity, over a random
identity, pose, light and noise. No photograph is used, so the faces are free to share.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.dataset import CLASS_NAMES, IMAGE_SIZE, NUM_CLASSES
from drawing.action_units import ACTION_UNITS, EXPRESSIONS, PART_NAMES
from drawing.painting import TRAITS, paint_faces

LOWEST_INTENSITY = 0.5
# The arrays of one batch fit into a core's cache.
_BATCH = 64
# What a seed's generators are for, so that labels and faces never share random numbers.
_LABELS, _FACES = 0, 1


@dataclass(frozen=True)
class DrawnFaces:
    """images (N, 48, 48) uint8; labels (N,) int64, indices into CLASS_NAMES; parts (N, 5, 48, 48) bool.

    parts[:, i] is where PART_NAMES[i] is in each face; no two parts overlap.
    """

    images: np.ndarray
    labels: np.ndarray
    parts: np.ndarray


def draw_faces(count: int, seed: int, variety: float = 1.0) -> DrawnFaces:
    """Draw `count` faces, the seven classes equally often (give or take one) in a shuffled order.

    Face i depends on (seed, i, variety) alone: the first faces of a larger draw are those of a smaller one.
    variety: 0..1, how much of each trait's range is used, about its middle; expressions vary all the same.
    """
    labels = _labels(count, seed)
    images = np.empty((count, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    parts = np.empty((count, len(PART_NAMES), IMAGE_SIZE, IMAGE_SIZE), bool)
    for start in range(0, count, _BATCH):
        rows = slice(start, min(start + _BATCH, count))
        generators = [np.random.default_rng([seed, _FACES, i]) for i in range(rows.start, rows.stop)]
        expressions = [EXPRESSIONS[CLASS_NAMES[label]] for label in labels[rows]]
        units = [_intensities(g, e) for g, e in zip(generators, expressions, strict=True)]
        images[rows], parts[rows] = _draw(units, generators, variety)
    return DrawnFaces(images, labels, parts)


def draw_face(action_units: Mapping[int, float], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw one face from explicit action units, {number: intensity in 0..1}; the others are at rest.

    Identity, pose, light and noise depend on the seed alone. Returns the image (48, 48) uint8 and the
    parts (5, 48, 48) bool.
    """
    units = np.array([action_units.get(unit, 0) for unit in ACTION_UNITS], np.float32)
    images, parts = _draw([units], [np.random.default_rng(seed)])
    return images[0], parts[0]


def _labels(count: int, seed: int) -> np.ndarray:
    """Every seven faces hold each class once, in a random order."""
    blocks = -(-count // NUM_CLASSES)
    orders = [np.random.default_rng([seed, _LABELS, b]).permutation(NUM_CLASSES) for b in range(blocks)]
    return np.array(orders, np.int64).reshape(-1)[:count]


def _intensities(generator: np.random.Generator, expression: Mapping[int, float]) -> np.ndarray:
    """One random intensity per action unit, in the order of ACTION_UNITS; 0 for units that are not shown."""
    shares = np.array([expression.get(unit, 0) for unit in ACTION_UNITS])
    shown = generator.random(len(ACTION_UNITS)) < shares
    intensities = generator.uniform(LOWEST_INTENSITY, 1, len(ACTION_UNITS))
    return np.where(shown, intensities, 0).astype(np.float32)


def _draw(
    units: list[np.ndarray], generators: list[np.random.Generator], variety: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    lows, highs = np.array(list(TRAITS.values())).T
    unused = (highs - lows) * (1 - variety) / 2
    lows = lows + unused
    highs = np.maximum(highs - unused, lows)  # rounding may make it a little less
    drawn = np.array([generator.uniform(lows, highs) for generator in generators], np.float32)
    traits = dict(zip(TRAITS, drawn.T[:, :, None, None], strict=True))
    intensities = dict(zip(ACTION_UNITS, np.array(units).T[:, :, None, None], strict=True))
    pictures, parts = paint_faces(traits, intensities)
    shape = (IMAGE_SIZE, IMAGE_SIZE)
    noise = np.stack([generator.standard_normal(shape, np.float32) for generator in generators])
    return np.clip(np.rint(pictures + traits["noise"] * noise), 0, 255).astype(np.uint8), parts
