"""The numbers against scikit-learn and against examples computed by hand."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from analysis.metrics import (
    confused_pairs,
    evaluate,
    expected_calibration_error,
    most_confidently_wrong,
)


def probabilities_of(predicted, confidence):
    """(N, 7) rows whose class `predicted` has probability `confidence`, the others an equal share."""
    rows = np.repeat((1 - np.asarray(confidence, float))[:, None] / 6, 7, axis=1)
    rows[np.arange(len(rows)), predicted] = confidence
    return rows


@pytest.fixture
def example():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 7, 300)
    probabilities = generator.dirichlet(np.full(7, 0.4), 300)
    probabilities[np.arange(300), labels] += generator.uniform(0, 1, 300)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_scores_equal_scikit_learn(example):
    labels, probabilities = example
    predicted = probabilities.argmax(axis=1)
    scores = evaluate(labels, probabilities)
    np.testing.assert_array_equal(scores.matrix, sklearn_metrics.confusion_matrix(labels, predicted))
    assert scores.accuracy == sklearn_metrics.accuracy_score(labels, predicted)
    assert scores.balanced_accuracy == pytest.approx(
        sklearn_metrics.balanced_accuracy_score(labels, predicted)
    )
    for name in ("precision", "recall", "f1"):
        expected = getattr(sklearn_metrics, f"{name}_score")(labels, predicted, average=None)
        np.testing.assert_array_equal(getattr(scores, name), expected)
    assert scores.macro_f1 == sklearn_metrics.f1_score(labels, predicted, average="macro")
    np.testing.assert_array_equal(scores.support, np.bincount(labels))


def test_numbers_of_a_small_example():
    labels = np.array([0, 0, 0, 0, 3, 3, 4])
    predicted = np.array([0, 0, 0, 4, 3, 4, 4])
    scores = evaluate(labels, probabilities_of(predicted, np.full(7, 0.9)))
    assert scores.accuracy == 5 / 7
    np.testing.assert_allclose(scores.recall, [0.75, 0, 0, 0.5, 1, 0, 0])
    np.testing.assert_allclose(scores.precision, [1, 0, 0, 1, 1 / 3, 0, 0])
    assert scores.balanced_accuracy == pytest.approx((0.75 + 0.5 + 1) / 3)
    assert scores.macro_f1 == pytest.approx((2 * 0.75 / 1.75 + 2 / 3 + 0.5) / 3)
    assert scores.expected_calibration_error == pytest.approx(0.9 - 5 / 7)


@pytest.mark.parametrize(("labels", "predicted"), [([2], [2]), ([2], [5]), ([0, 0, 1], [6, 6, 6])])
def test_absent_classes_give_no_nan(labels, predicted):
    scores = evaluate(np.array(labels), probabilities_of(predicted, np.full(len(labels), 0.8)))
    for value in vars(scores).values():
        assert np.isfinite(value).all()
    assert scores.balanced_accuracy == (1 if labels == predicted else 0)


def test_calibration_error_by_hand():
    # Bin (0.6, 0.6667]: one of two right at 0.65. Bin (0.8667, 0.9333]: one right at 0.9.
    labels = np.array([1, 1, 5])
    probabilities = probabilities_of([1, 2, 5], [0.65, 0.65, 0.9])
    assert expected_calibration_error(labels, probabilities) == pytest.approx(
        2 / 3 * abs(0.5 - 0.65) + 1 / 3 * abs(1 - 0.9)
    )


def test_certain_predictions_are_in_the_last_bin():
    labels = np.array([0, 1])
    assert expected_calibration_error(labels, np.eye(7)[[0, 1]]) == 0
    assert expected_calibration_error(labels, np.eye(7)[[1, 0]]) == 1


def test_confidence_that_matches_frequency_has_no_calibration_error():
    labels = np.zeros(10, int)
    predicted = [0] * 7 + [1] * 3
    assert expected_calibration_error(labels, probabilities_of(predicted, np.full(10, 0.7))) == pytest.approx(
        0
    )


def test_confused_pairs_add_both_directions_by_share_not_by_count():
    matrix = np.zeros((7, 7), int)
    matrix[0, 0], matrix[0, 1], matrix[0, 4] = 80, 0, 20
    matrix[1, 1], matrix[1, 0] = 5, 5
    matrix[4, 4], matrix[4, 0] = 90, 10
    pairs = confused_pairs(matrix)
    assert pairs[["first", "second"]].to_numpy().tolist() == [["angry", "disgust"], ["angry", "sad"]]
    assert pairs["share"][0] == pytest.approx((0 + 0.5) / 2)
    assert pairs["share"][1] == pytest.approx((0.2 + 0.1) / 2)
    assert (pairs["first_as_second"][1], pairs["second_as_first"][1]) == (20, 10)


def test_most_confidently_wrong_leaves_right_faces_out():
    labels = np.array([0, 1, 2, 3])
    probabilities = probabilities_of([0, 5, 5, 6], [0.99, 0.6, 0.9, 0.7])
    assert most_confidently_wrong(labels, probabilities, 2).tolist() == [2, 3]
    assert most_confidently_wrong(labels, probabilities, 9).tolist() == [2, 3, 1]
