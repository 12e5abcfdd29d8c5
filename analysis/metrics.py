"""How well predictions agree with labels: overall, by class and by pair of classes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from data.dataset import CLASS_NAMES, NUM_CLASSES

CALIBRATION_BINS = 15


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


def evaluate(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Compute the metrics of (N,) int labels and (N, 7) float class probabilities, N at least 1."""
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=range(NUM_CLASSES), zero_division=0
    )
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
    )


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean distance of confidence and accuracy over 15 equal bins of confidence (Guo et al. 2017).

    Confidence is the probability of the predicted class; a bin counts as much as it has faces. At 0, faces
    predicted with probability p are right with frequency p.
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
    """Each count of a (7, 7) confusion matrix as a share of its row, 0 where a row is empty."""
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def confused_pairs(matrix: np.ndarray) -> pd.DataFrame:
    """The pairs of classes that were confused at all, the most confused first (report, question 3).

    matrix: (7, 7) int counts, rows true, columns predicted.
    Returns a row per pair; pairs of equal share are in class order. Columns:
    first, second: str, class names in the order of CLASS_NAMES.
    share: float, mean of the shares of each class's faces that were predicted as the other, 0..1.
    first_as_second, second_as_first: int, the number of faces in each direction.
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
