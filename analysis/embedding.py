"""What a network sees in faces: its features before the last layer, in two dimensions by t-SNE."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from models.prediction import BATCH_SIZE

# t-SNE starts from so many principal components, as its authors advise (van der Maaten and Hinton 2008).
COMPONENTS = 50
PERPLEXITY = 30


def features_of(network: Any, images: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, F) float32, the input of the network's last layer."""
    import keras

    features = keras.Model(network.input, network.layers[-1].input)
    starts = range(0, len(images), BATCH_SIZE)
    return np.concatenate([features.predict_on_batch(images[start : start + BATCH_SIZE]) for start in starts])


def in_two_dimensions(features: np.ndarray, seed: int) -> np.ndarray:
    """(N, F) features -> (N, 2), neighbours near each other. N at least 3; the same seed gives the same."""
    components = min(COMPONENTS, *features.shape)
    reduced = PCA(components, random_state=seed).fit_transform(features)
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)


def surprising_neighbours(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, count: int
) -> np.ndarray:
    """(M, 2) int, up to `count` pairs of nearest neighbours with different labels, the closest first.

    features: (N, F), compared by their angle. labels: (N,) int. groups: (N,) int from group_duplicates: two
    labels of duplicates would be no surprise about the network.
    """
    directions = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    distances, nearest = NearestNeighbors(n_neighbors=2).fit(directions).kneighbors(directions)
    # A face is its own nearest one, or has an equal one before it.
    is_other = nearest != np.arange(len(features))[:, np.newaxis]
    place = is_other.argmax(axis=1)
    first, second = np.arange(len(features)), nearest[np.arange(len(features)), place]
    differ = (labels[first] != labels[second]) & (groups[first] != groups[second])
    order = np.argsort(distances[first, place], kind="stable")
    pairs = np.sort(np.stack([first, second], axis=1)[order][differ[order]], axis=1)
    _, unique = np.unique(pairs, axis=0, return_index=True)
    return pairs[np.sort(unique)][:count]
