"""Whether saliency maps can be trusted: three tests of the maps against the network itself.

check_saliency runs them all on the same faces; figures/saliency_checks.py draws the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from analysis.attribution import (
    METHODS,
    Attribution,
    attribution,
    grey_baseline,
    integrated_gradients,
    saliency_maps,
)
from data.dataset import IMAGE_SIZE, NUM_PIXELS
from models.progress import Progress, silent

PERTURBATION_STEPS = 12
# In pixels: a face with this much blur keeps its light and outline but shows no features.
INSERTION_BLUR = 5.0
# Views of a face in SmoothGrad and integrated gradients, fewer than in a displayed map, to save time.
VIEWS = 32
# Comparing maps needs fewer samples of SmoothGrad and steps of integrated gradients than displaying one.
RANDOMISATION_VIEWS = 16
# Shuffling every layer takes as many maps per face as there are layers.
RANDOMISED_FACES = 14
COMPLETENESS_FACES = 7
# Of two logits, to divide by.
SMALLEST_DIFFERENCE = 1e-9
# The orders of pixels that maps are measured against.
RANDOM, CENTRE = "random", "centre first"


@dataclass(frozen=True)
class SaliencyChecks:
    """The results of all checks for N faces.

    deletion, insertion: method, RANDOM or CENTRE -> (N, 13) probabilities of the explained class.
    empty: method -> the number of faces whose map is zero everywhere.
    randomisation: method -> layer -> rank correlations of the first 14 faces, from the logits down; NaN
        where a map is empty.
    completeness: (2, up to 7), of the first faces the sums of the integrated gradients, and the differences
        of logits that they should equal; None without that method.
    """

    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    empty: dict[str, int]
    randomisation: dict[str, dict[str, np.ndarray]]
    completeness: np.ndarray | None

    @property
    def count(self) -> int:
        """The number of faces."""
        return len(self.deletion[RANDOM])

    @property
    def completeness_error(self) -> float:
        """Mean |sum - difference| of the integrated gradients, relative to the mean |difference|."""
        assert self.completeness is not None
        sums, differences = self.completeness
        # A face of one grey level differs in nothing from the baseline.
        return float(np.abs(sums - differences).mean() / max(np.abs(differences).mean(), SMALLEST_DIFFERENCE))

    def __str__(self) -> str:
        areas = pd.DataFrame(
            {
                "deletion (good: low)": {name: area_text(each) for name, each in self.deletion.items()},
                "insertion (good: high)": {name: area_text(each) for name, each in self.insertion.items()},
            }
        ).rename_axis(columns="area under the curve")
        lines = [f"{self.count} faces: mean and standard deviation over faces", areas.to_string()]
        empty = [f"{METHODS[method]} {count}" for method, count in self.empty.items()]
        lines.append(f"empty maps, of {self.count}: {', '.join(empty)}")
        lines.append(
            "rank correlation with the true map once a layer, and all after it, are shuffled; good: near 0; "
            "without empty maps"
        )
        for method, correlations in self.randomisation.items():
            path = ", ".join(f"{layer} {mean_known(values):.2f}" for layer, values in correlations.items())
            lines.append(f"  {method}: {path}")
        if self.completeness is not None:
            lines.append(f"completeness error of integrated gradients: {self.completeness_error:.1e}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The numbers, ready for JSON: one per face, curves as means."""
        record: dict[str, object] = {
            name: {
                order: {"area": area(curves).tolist(), "mean_curve": curves.mean(axis=0).tolist()}
                for order, curves in by_order.items()
            }
            for name, by_order in (("deletion", self.deletion), ("insertion", self.insertion))
        }
        record["faces"], record["empty_maps"] = self.count, self.empty
        record["rank_correlation"] = {
            method: {
                layer: [None if np.isnan(value) else value for value in values.tolist()]
                for layer, values in correlations.items()
            }
            for method, correlations in self.randomisation.items()
        }
        if self.completeness is not None:
            sums, differences = self.completeness.tolist()
            record["completeness"] = {
                "sums": sums,
                "differences_of_logits": differences,
                "error": self.completeness_error,
            }
        return record


def check_saliency(
    model: Any,
    faces: np.ndarray,
    classes: np.ndarray,
    methods: Sequence[str],
    seed: int,
    progress: Progress = silent,
) -> SaliencyChecks:
    """Run every check on the maps that `methods` give of (N, 48, 48) faces and the logits of (N,) classes."""

    def curves(importance: np.ndarray) -> np.ndarray:
        return np.stack(perturbation_curves(model, faces, classes, importance, seed))

    maps = saliency_maps(model, methods, faces, classes, seed, VIEWS, progress)
    quick = {method: attribution(model, method, seed, RANDOMISATION_VIEWS) for method in maps}
    orders = maps | {
        CENTRE: centre_importance(len(faces)),
        RANDOM: random_importance(len(faces), seed),
    }
    by_order = {}
    task = "deleting and inserting pixels in all orders"
    for done, (name, importance) in enumerate(orders.items()):
        progress(task, done, len(orders))
        by_order[name] = curves(importance)
    progress(task, len(orders), len(orders))
    few, their_classes = faces[:RANDOMISED_FACES], classes[:RANDOMISED_FACES]
    first, of_first = faces[:COMPLETENESS_FACES], classes[:COMPLETENESS_FACES]
    return SaliencyChecks(
        deletion={name: deletion for name, (deletion, _) in by_order.items()},
        insertion={name: insertion for name, (_, insertion) in by_order.items()},
        empty={method: int((~each.any(axis=(1, 2))).sum()) for method, each in maps.items()},
        randomisation=cascading_randomisation(model, quick, few, their_classes, seed, progress),
        completeness=np.stack(completeness(model, integrated_gradients(model), first, of_first))
        if "integrated" in maps
        else None,
    )


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


def cascading_randomisation(
    model: Any,
    attributions: dict[str, Attribution],
    faces: np.ndarray,
    classes: np.ndarray,
    seed: int,
    progress: Progress = silent,
) -> dict[str, dict[str, np.ndarray]]:
    """Do the maps depend on what was learned (Adebayo et al. 2018)? Rank correlations with the true maps.

    From the logits down, the weights of each layer are shuffled, and stay so. Returns, for each method and
    each convolution or dense layer, the (N,) Spearman correlations once that layer is shuffled too; the
    normalisation after a layer is shuffled with it. The model gets its weights back.
    """
    generator = np.random.default_rng(seed)
    before = {method: maps_of(faces, classes) for method, maps_of in attributions.items()}
    correlations: dict[str, dict[str, np.ndarray]] = {method: {} for method in attributions}
    weights = model.get_weights()
    try:
        layers = [layer for layer in reversed(model.layers) if layer.weights]
        for done, layer in enumerate(layers):
            progress("shuffling layers", done, len(layers))
            layer.set_weights([generator.permuted(array) for array in layer.get_weights()])
            if not hasattr(layer, "kernel"):
                continue
            for method, maps_of in attributions.items():
                correlations[method][layer.name] = rank_correlations(before[method], maps_of(faces, classes))
        progress("shuffling layers", len(layers), len(layers))
    finally:
        model.set_weights(weights)
    return correlations


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,): Spearman's correlation of each pair of (N, 48, 48) maps; NaN where one of them is flat."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    lengths = np.prod([np.linalg.norm(rank, axis=1) for rank in centred], axis=0)
    return (centred[0] * centred[1]).sum(axis=1) / np.where(lengths > 0, lengths, np.nan)


def mean_known(correlations: np.ndarray) -> float:
    """The mean of the (N,) rank correlations that are not NaN; NaN where all are."""
    known = correlations[~np.isnan(correlations)]
    return float(known.mean()) if len(known) else np.nan


def completeness(
    model: Any, integrated_gradients: Attribution, faces: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) sums of the integrated gradients, and (N,) what they should be: logit(face) - logit(baseline)."""

    from models.prediction import predict_logits

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
