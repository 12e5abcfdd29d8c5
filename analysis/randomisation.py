"""Do saliency maps depend on what the network has learned? Rank correlations as its layers are shuffled."""

from typing import Any

import numpy as np
from scipy.stats import rankdata

from analysis.attribution import Attribution
from models.progress import Progress, silent


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
    true_maps = {method: maps_of(faces, classes) for method, maps_of in attributions.items()}
    correlations: dict[str, dict[str, np.ndarray]] = {method: {} for method in attributions}
    weights = model.get_weights()
    try:
        layers = [layer for layer in reversed(model.layers) if layer.weights]
        for done, layer in enumerate(layers):
            progress("shuffling layers", done, len(layers))
            layer.set_weights([generator.permuted(array) for array in layer.get_weights()])
            if not hasattr(layer, "kernel"):  # a normalisation: the layer before it comes next
                continue
            for method, maps_of in attributions.items():
                correlations[method][layer.name] = rank_correlations(
                    true_maps[method], maps_of(faces, classes)
                )
        progress("shuffling layers", len(layers), len(layers))
    finally:
        model.set_weights(weights)
    return correlations


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,): Spearman's correlation of each pair of (N, 48, 48) maps; NaN where one is flat, or empty."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    lengths = np.prod([np.linalg.norm(rank, axis=1) for rank in centred], axis=0)
    return (centred[0] * centred[1]).sum(axis=1) / np.where(lengths > 0, lengths, np.nan)


def mean_known(correlations: np.ndarray) -> float:
    """The mean of the (N,) rank correlations that are not NaN; NaN where all are."""
    known = correlations[~np.isnan(correlations)]
    return float(known.mean()) if len(known) else np.nan


def count_text(correlations: dict[str, np.ndarray]) -> str:
    """On how many maps the mean of the last layer rests: '' if on all, else ', 10 of 14 maps'."""
    *_, last = correlations.values()
    known = len(last) - int(np.isnan(last).sum())
    return "" if known == len(last) else f", {known} of {len(last)} maps"
