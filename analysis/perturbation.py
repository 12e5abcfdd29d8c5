"""Does a network need the pixels that a saliency map ranks highest? Deletion and insertion."""

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from analysis.attribution import grey_baseline
from data.dataset import IMAGE_SIZE, NUM_PIXELS

PERTURBATION_STEPS = 12
# In pixels: a face with this much blur keeps its light and outline but shows no features.
INSERTION_BLUR = 5.0
# The orders of pixels that maps are measured against.
RANDOM, CENTRE = "random", "centre first"


def perturbation_curves(
    model: Any, faces: np.ndarray, classes: np.ndarray, importance: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Deletion and insertion (Petsiuk et al. 2018): each (N, 13), the class's probability along the way.

    faces: (N, 48, 48). classes: (N,) int. importance: (N, 48, 48). In 12 equal steps the most important
    pixels turn to the face's mean grey (deletion), or from the blurred face to the face (insertion). Equally
    important pixels go in a random order. Good maps make deletion fall early and insertion rise early.
    """
    ranks = _ranks(importance, seed)
    faces = faces.astype(np.float32)
    counts = np.linspace(0, NUM_PIXELS, PERTURBATION_STEPS + 1)
    changed = ranks < counts[:, None, None, None]
    blurred = gaussian_filter(faces, (0, INSERTION_BLUR, INSERTION_BLUR))

    from models.prediction import predict_probabilities

    def curves(views: np.ndarray) -> np.ndarray:
        probabilities = predict_probabilities([model], views.reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
        by_step = probabilities.reshape(len(counts), len(faces), -1)
        return by_step[:, np.arange(len(faces)), classes].T

    return curves(np.where(changed, grey_baseline(faces), faces)), curves(np.where(changed, faces, blurred))


def area(curves: np.ndarray) -> np.ndarray:
    """(N,): the area under each of (N, 13) curves, 0..1."""
    return np.trapezoid(curves, dx=1 / PERTURBATION_STEPS, axis=1)


def area_text(curves: np.ndarray) -> str:
    """Mean and standard deviation over faces of the areas under (N, 13) curves."""
    areas = area(curves)
    return f"{areas.mean():.3f} ± {areas.std():.3f}"


def random_importance(count: int, seed: int) -> np.ndarray:
    """(count, 48, 48): pixels in any order, which a useful map has to beat."""
    return np.random.default_rng(seed).random((count, IMAGE_SIZE, IMAGE_SIZE))


def centre_importance(count: int) -> np.ndarray:
    """(count, 48, 48): pixels from the centre outwards, as for a map that knows only where faces are."""
    offsets = np.arange(IMAGE_SIZE) - (IMAGE_SIZE - 1) / 2
    nearness = -np.hypot(offsets[:, None], offsets)
    return np.broadcast_to(nearness, (count, IMAGE_SIZE, IMAGE_SIZE))


def _ranks(importance: np.ndarray, seed: int) -> np.ndarray:
    """(N, 48, 48) int: 0 for the most important pixel of a map, 2303 for the least."""
    flat = importance.reshape(len(importance), -1)
    chance = np.random.default_rng(seed).random(flat.shape)
    return np.lexsort((chance, -flat), axis=1).argsort(axis=1).reshape(importance.shape)
