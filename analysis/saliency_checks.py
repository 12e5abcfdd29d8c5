"""Whether saliency maps can be trusted: two checks of the maps against the network itself.

Deletion and insertion ask whether the network needs the pixels that a map ranks highest; shuffled layers ask
whether the map depends on what the network has learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from analysis.attribution import grey_baseline, saliency_maps
from analysis.metrics import DEVIATIONS
from data import IMAGE_SIZE, NUM_PIXELS
from data.progress import Progress

STEPS = 12
# In pixels: a face with this much blur keeps its light and outline but shows no features.
INSERTION_BLUR = 5.0
# The orders of pixels that maps are measured against. The second knows only where in a picture faces are.
RANDOM, CENTRE = "random", "centre first"
# Per face, in SmoothGrad and integrated gradients: fewer than in a displayed map, to save time.
VIEWS = 32
FACES_PER_CLASS = 10


@dataclass(frozen=True)
class SaliencyChecks:
    """The results for N faces, by method and for CENTRE and RANDOM.

    curves: (2, N, 13), the probability of the explained class during deletion and during insertion.
    orders: deletion and insertion, the mean areas under these curves, and their standard deviations over
        faces; shuffled, the mean rank correlation of maps before and after the layers are shuffled, None
        where there is none; compared, how many faces that mean is of; empty, how many maps are zero
        everywhere.
    differences: by method, how much its areas exceed those of the same faces in another order, with the 95 %
        interval: deletion those of RANDOM, insertion those of CENTRE.
    """

    curves: dict[str, np.ndarray]
    orders: dict[str, dict[str, Any]]
    differences: dict[str, dict[str, dict[str, float]]]

    @property
    def count(self) -> int:
        """The number of faces."""
        return self.curves[RANDOM].shape[1]

    def __str__(self) -> str:
        table = pd.DataFrame.from_dict(self.orders, orient="index").astype({"shuffled": float})
        paired = pd.json_normalize(list(self.differences.values())).set_axis(list(self.differences))
        return (
            f"{self.count} faces: areas under the curves of deletion (low is good) and insertion (high);\n"
            "rank correlations with the maps of the network with shuffled layers (near 0 is good)\n"
            f"{table.to_string(na_rep='-', float_format='{:.3f}'.format)}\n"
            f"deletion minus that in {RANDOM} order, insertion minus that of {CENTRE}, with 95 % intervals\n"
            f"{paired.to_string(float_format='{:+.3f}'.format)}"
        )

    def record(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        return {"faces": self.count, "orders": self.orders, "differences": self.differences}


def random_faces(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Up to ten random faces of each class, of a table that analysis.attribution.explain made."""
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    return shuffled.groupby("true").head(FACES_PER_CLASS)


def check_saliency(
    network: Any, images: np.ndarray, classes: np.ndarray, methods: Sequence[str], seed: int
) -> SaliencyChecks:
    """Run both checks on the maps that `methods` give of (N, 48, 48) faces and the logits of (N,) classes."""
    maps = saliency_maps(network, methods, images, classes, seed, VIEWS)
    shuffled = shuffled_maps(network, methods, images, classes, seed)
    offsets = np.arange(IMAGE_SIZE) - (IMAGE_SIZE - 1) / 2
    importance = maps | {
        CENTRE: np.broadcast_to(-np.hypot(offsets[:, None], offsets), images.shape),
        RANDOM: np.random.default_rng(seed).random(images.shape),
    }
    orders: dict[str, dict[str, Any]] = {}
    curves, areas_of = {}, {}
    for name, each in Progress(importance.items(), "deleting and inserting"):
        curves[name] = np.stack(perturbation_curves(network, images, classes, each, seed))
        areas = areas_of[name] = np.trapezoid(curves[name], dx=1 / STEPS, axis=2)
        correlations = rank_correlations(maps[name], shuffled[name]) if name in maps else []
        orders[name] = {}
        for kind, area in zip(("deletion", "insertion"), areas, strict=True):
            orders[name] |= {kind: float(area.mean()), f"{kind}_sd": float(area.std())}
        orders[name]["shuffled"] = float(np.mean(correlations)) if correlations else None
        orders[name] |= {"compared": len(correlations), "empty": int((~each.any(axis=(1, 2))).sum())}
    differences = {}
    for name in maps:
        less, more = areas_of[name][0] - areas_of[RANDOM][0], areas_of[name][1] - areas_of[CENTRE][1]
        differences[name] = {"deletion": mean_difference(less), "insertion": mean_difference(more)}
    return SaliencyChecks(curves, orders, differences)


def mean_difference(differences: np.ndarray) -> dict[str, float]:
    """The mean of (N,) differences of areas, and the ends of its 95 % interval; of one face, -1 to 1."""
    value, count = differences.mean(), len(differences)
    half = DEVIATIONS * differences.std(ddof=1) / np.sqrt(count) if count > 1 else 2.0
    low, high = np.clip((value - half, value + half), -1, 1)
    return {"value": float(value), "low": float(low), "high": float(high)}


def perturbation_curves(
    network: Any, images: np.ndarray, classes: np.ndarray, importance: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Deletion and insertion (Petsiuk et al. 2018): each (N, 13), the class's probability along the way.

    images, importance: (N, 48, 48). classes: (N,) int. In 12 equal steps the most important pixels turn to
    the face's mean grey (deletion), or from the blurred face to the face (insertion). Equally important
    pixels go in a random order. Good maps make deletion fall early and insertion rise early.
    """
    flat = importance.reshape(len(importance), -1)
    chance = np.random.default_rng(seed).random(flat.shape)
    ranks = np.lexsort((chance, -flat), axis=1).argsort(axis=1).reshape(importance.shape)
    counts = np.linspace(0, NUM_PIXELS, STEPS + 1)
    changed = ranks < counts[:, None, None, None]
    images = images.astype(np.float32)
    blurred = gaussian_filter(images, (0, INSERTION_BLUR, INSERTION_BLUR))

    from models.prediction import predict_probabilities

    def along(views: np.ndarray) -> np.ndarray:
        probabilities = predict_probabilities([network], views.reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
        by_step = probabilities.reshape(len(counts), len(images), -1)
        return by_step[:, np.arange(len(images)), classes].T

    return along(np.where(changed, grey_baseline(images), images)), along(np.where(changed, images, blurred))


def shuffled_maps(
    network: Any, methods: Sequence[str], images: np.ndarray, classes: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """The maps while the weights of all layers are shuffled (Adebayo et al. 2018); then they are restored."""
    generator, weights = np.random.default_rng(seed), network.get_weights()
    try:
        network.set_weights([generator.permuted(array) for array in weights])
        return saliency_maps(network, methods, images, classes, seed, VIEWS)
    finally:
        network.set_weights(weights)


def rank_correlations(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Spearman's correlation of each pair of (N, 48, 48) maps, without the pairs of which one is flat."""
    pairs = [each for each in zip(first, second, strict=True) if all(np.ptp(values) > 0 for values in each)]
    return [float(spearmanr(one.ravel(), other.ravel()).statistic) for one, other in pairs]
