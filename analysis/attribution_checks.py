"""Whether a saliency map can be trusted: three tests of the maps against the network itself."""

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from analysis.attribution import Attribution, grey_baseline
from data.dataset import IMAGE_SIZE, NUM_PIXELS
from models.prediction import predict_logits, predict_probabilities

PERTURBATION_STEPS = 24
# In pixels: a face blurred so far keeps its light and outline and shows no feature.
INSERTION_BLUR = 5.0


def perturbation_curves(
    model: Any, faces: np.ndarray, classes: np.ndarray, importance: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Deletion and insertion (Petsiuk et al. 2018): each (N, 25), the class's probability along the way.

    faces: (N, 48, 48). classes: (N,) int. importance: (N, 48, 48). In 24 equal steps the most important
    pixels turn to the face's mean grey (deletion), or from the blurred face to the face (insertion). Equally
    important pixels go in a random order. Good maps make deletion fall early and insertion rise early.
    """
    ranks = _ranks(importance, seed)
    faces = faces.astype(np.float32)
    counts = np.linspace(0, NUM_PIXELS, PERTURBATION_STEPS + 1)
    changed = ranks < counts[:, None, None, None]
    blurred = gaussian_filter(faces, (0, INSERTION_BLUR, INSERTION_BLUR))

    def curves(views: np.ndarray) -> np.ndarray:
        probabilities = predict_probabilities([model], views.reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
        by_step = probabilities.reshape(len(counts), len(faces), -1)
        return by_step[:, np.arange(len(faces)), classes].T

    return curves(np.where(changed, grey_baseline(faces), faces)), curves(np.where(changed, faces, blurred))


def area(curves: np.ndarray) -> np.ndarray:
    """(N,): the area under each of (N, 25) curves, 0..1."""
    return np.trapezoid(curves, dx=1 / PERTURBATION_STEPS, axis=1)


def random_importance(count: int, seed: int) -> np.ndarray:
    """(count, 48, 48): pixels in any order, which a useful map has to beat."""
    return np.random.default_rng(seed).random((count, IMAGE_SIZE, IMAGE_SIZE))


def centre_importance(count: int) -> np.ndarray:
    """(count, 48, 48): pixels from the centre outwards, for a map that knows only where faces lie."""
    offsets = np.arange(IMAGE_SIZE) - (IMAGE_SIZE - 1) / 2
    nearness = -np.hypot(offsets[:, None], offsets)
    return np.broadcast_to(nearness, (count, IMAGE_SIZE, IMAGE_SIZE))


def cascading_randomisation(
    model: Any, attributions: dict[str, Attribution], faces: np.ndarray, classes: np.ndarray, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Do the maps depend on what was learnt (Adebayo et al. 2018)? Rank correlations with the true maps.

    From the logits down, the weights of each layer are shuffled, and stay so. Returns, for each method and
    each convolution or dense layer, the (N,) Spearman correlations once that layer is shuffled too; the
    normalisation after a layer is shuffled with it. The model gets its weights back.
    """
    generator = np.random.default_rng(seed)
    before = {method: maps_of(faces, classes) for method, maps_of in attributions.items()}
    correlations: dict[str, dict[str, np.ndarray]] = {method: {} for method in attributions}
    weights = model.get_weights()
    try:
        for layer in reversed([layer for layer in model.layers if layer.weights]):
            layer.set_weights([generator.permuted(array) for array in layer.get_weights()])
            if not hasattr(layer, "kernel"):
                continue
            for method, maps_of in attributions.items():
                correlations[method][layer.name] = rank_correlations(before[method], maps_of(faces, classes))
    finally:
        model.set_weights(weights)
    return correlations


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,): Spearman's correlation of each pair of (N, 48, 48) maps; 0 where one of them is flat."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    lengths = np.prod([np.linalg.norm(rank, axis=1) for rank in centred], axis=0)
    return (centred[0] * centred[1]).sum(axis=1) / np.where(lengths > 0, lengths, 1)


def completeness(
    model: Any, integrated_gradients: Attribution, faces: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) sums of the integrated gradients, and (N,) what they should be: logit(face) - logit(baseline)."""

    def logit(views: np.ndarray) -> np.ndarray:
        logits = predict_logits(model, views.astype(np.float32))
        return logits[np.arange(len(views)), classes]

    sums = integrated_gradients(faces, classes).sum(axis=(1, 2), dtype=np.float64)
    return sums, logit(faces) - logit(grey_baseline(faces))


def _ranks(importance: np.ndarray, seed: int) -> np.ndarray:
    """(N, 48, 48) int: 0 for the most important pixel of a map, 2303 for the least."""
    flat = importance.reshape(len(importance), -1)
    chance = np.random.default_rng(seed).random(flat.shape)
    return np.lexsort((chance, -flat), axis=1).argsort(axis=1).reshape(importance.shape)
