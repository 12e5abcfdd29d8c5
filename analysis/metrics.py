"""How well predictions agree with labels: overall, by class and by pair of classes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from data.dataset import CLASS_NAMES, NUM_CLASSES

CALIBRATION_BINS = 15
# Intervals are percentiles of the scores of this many bootstrap samples.
CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """Metrics of one network on one set of faces; arrays are in the order of CLASS_NAMES.

    matrix: (7, 7) int64, the confusion matrix of counts, rows true, columns predicted.
    support: (7,) int64, the number of faces of each true class.
    accuracy: float, the share of faces whose predicted class is the true one.
    balanced_accuracy: float, the mean recall of the classes that have faces.
    precision, recall, f1: (7,) float64, 0 where undefined. Recall is also the accuracy of each class.
    macro_f1: float, the mean F1 of the classes that occur among labels or predictions.
    expected_calibration_error: float, see expected_calibration_error().
    accuracy_interval: (2,) float, the lower and upper end of the 95 % interval, see resampled_matrices().
    recall_interval: (2, 7) float, the same for each class, 0 where undefined.
    """

    matrix: np.ndarray
    support: np.ndarray
    accuracy: float
    balanced_accuracy: float
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    macro_f1: float
    expected_calibration_error: float
    accuracy_interval: np.ndarray
    recall_interval: np.ndarray


@dataclass(frozen=True)
class Difference:
    """Scores of a second network minus those of a first on the same faces, with paired 95 % intervals.

    faces: int, how many.
    accuracy: float.
    accuracy_interval: (2,) float, lower and upper end.
    shares: (7, 7) float, the difference of row_shares(); recall is on its diagonal.
    shares_interval: (2, 7, 7) float, lower and upper ends.
    """

    faces: int
    accuracy: float
    accuracy_interval: np.ndarray
    shares: np.ndarray
    shares_interval: np.ndarray

    @property
    def recall(self) -> np.ndarray:
        """(7,) float."""
        return self.shares.diagonal()

    @property
    def recall_interval(self) -> np.ndarray:
        """(2, 7) float, lower and upper ends."""
        return self.shares_interval.diagonal(axis1=1, axis2=2)

    @property
    def within_chance(self) -> np.ndarray:
        """(7, 7) bool: which intervals of `shares` include 0."""
        low, high = self.shares_interval
        return (low <= 0) & (high >= 0)


def evaluate(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Compute the metrics of (N,) int labels and (N, 7) float class probabilities, N at least 1."""
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=range(NUM_CLASSES), zero_division=0
    )
    (resampled,) = resampled_matrices(labels, predicted)
    return Scores(
        matrix=confusion_matrix(labels, predicted, labels=range(NUM_CLASSES)),
        support=support,
        accuracy=float(accuracy_score(labels, predicted)),
        # scikit-learn's own function warns where a class was predicted that has no faces.
        balanced_accuracy=float(recall[support > 0].mean()),
        precision=precision,
        recall=recall,
        f1=f1,
        macro_f1=float(f1_score(labels, predicted, average="macro", zero_division=0)),
        expected_calibration_error=expected_calibration_error(labels, probabilities),
        accuracy_interval=_interval(_accuracies(resampled)),
        recall_interval=_interval(_resampled_shares(resampled)).diagonal(axis1=1, axis2=2),
    )


def compare(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> Difference:
    """Compare two networks by their (N, 7) float probabilities of the same faces with (N,) int labels."""
    predicted = [probabilities.argmax(axis=1) for probabilities in (first, second)]
    before, after = (confusion_matrix(labels, each, labels=range(NUM_CLASSES)) for each in predicted)
    resampled_before, resampled_after = resampled_matrices(labels, *predicted)
    return Difference(
        faces=len(labels),
        accuracy=float(_accuracies(after) - _accuracies(before)),
        accuracy_interval=_interval(_accuracies(resampled_after) - _accuracies(resampled_before)),
        shares=row_shares(after) - row_shares(before),
        shares_interval=_interval(_resampled_shares(resampled_after) - _resampled_shares(resampled_before)),
    )


def resampled_matrices(labels: np.ndarray, *predicted: np.ndarray) -> list[np.ndarray]:
    """Confusion matrices of RESAMPLES bootstrap samples: N faces drawn with replacement from the N given.

    The samples are the same for all networks, so that differences between them are paired, and the same
    for the same input.
    labels: (N,) int, N at least 1.
    predicted: (N,) int of each network.
    Returns (RESAMPLES, 7, 7) float64 counts of each network, rows true, columns predicted.
    """
    outcomes, counts = np.unique(np.stack([labels, *predicted]), axis=1, return_counts=True)
    # Faces with the same label and predictions are interchangeable, so it is enough to draw how often each
    # such outcome occurs: hundreds of numbers per sample instead of thousands of faces.
    generator = np.random.default_rng(0)
    samples = generator.multinomial(len(labels), counts / len(labels), RESAMPLES).astype(np.float64)
    cells = np.eye(NUM_CLASSES**2)
    return [
        (samples @ cells[outcomes[0] * NUM_CLASSES + each]).reshape(-1, NUM_CLASSES, NUM_CLASSES)
        for each in outcomes[1:]
    ]


def _interval(resampled: np.ndarray) -> np.ndarray:
    """(RESAMPLES, ...) scores, NaN where undefined -> (2, ...), the ends of their middle 95 %."""
    return np.nanquantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)


def _accuracies(matrices: np.ndarray) -> np.ndarray:
    """(..., 7, 7) counts -> (...) accuracies."""
    return matrices.trace(axis1=-2, axis2=-1) / matrices.sum(axis=(-2, -1))


def _resampled_shares(matrices: np.ndarray) -> np.ndarray:
    """row_shares() of (RESAMPLES, 7, 7) counts, but NaN where a sample has none of a class's faces."""
    missing = matrices.sum(axis=-1, keepdims=True) == 0
    # A class without faces misses in every sample; its shares stay 0, as in row_shares().
    return np.where(missing & ~missing.all(axis=0), np.nan, row_shares(matrices))


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean distance of confidence and accuracy over 15 equal bins of confidence (Guo et al. 2017).

    Confidence is the probability of the predicted class; a bin counts as much as it has faces. If it is 0,
    predictions with probability p are right with frequency p.
    labels: (N,) int.
    probabilities: (N, 7) float.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    # Bins are open below and closed above, as in the paper.
    bins = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    surplus = np.bincount(bins, weights=confidence - correct, minlength=CALIBRATION_BINS)
    return float(np.abs(surplus).sum() / len(labels))


def row_shares(matrix: np.ndarray) -> np.ndarray:
    """Each count of (..., 7, 7) confusion matrices as a share of its row, 0 where a row is empty."""
    return matrix / np.maximum(matrix.sum(axis=-1, keepdims=True), 1)


def confused_pairs(matrix: np.ndarray) -> pd.DataFrame:
    """The pairs of classes that were confused at all, the most confused first (report, question 3).

    matrix: (7, 7) int counts, rows true, columns predicted.
    Returns a row per pair; pairs of equal share are in class order. Columns:
    first, second: str, class names in the order of CLASS_NAMES.
    share: float, mean of the shares of each class's faces that were predicted as the other, 0..1.
    first_as_second, second_as_first: int, the number of faces in each direction.
    faces: int, their sum. A rare class makes few faces a large share.
    """
    shares = row_shares(matrix)
    first, second = np.triu_indices(NUM_CLASSES, k=1)
    pairs = pd.DataFrame(
        {
            "first": np.take(CLASS_NAMES, first),
            "second": np.take(CLASS_NAMES, second),
            "share": (shares[first, second] + shares[second, first]) / 2,
            "first_as_second": matrix[first, second],
            "second_as_first": matrix[second, first],
            "faces": matrix[first, second] + matrix[second, first],
        }
    )
    return pairs[pairs["share"] > 0].sort_values("share", ascending=False, kind="stable", ignore_index=True)


def most_confidently_wrong(labels: np.ndarray, probabilities: np.ndarray, count: int) -> np.ndarray:
    """Indices of up to `count` faces whose wrong predicted class is the most probable, the worst first.

    labels: (N,) int.
    probabilities: (N, 7) float.
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")[:count]]
