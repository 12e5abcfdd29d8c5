"""The numbers against scikit-learn and against examples computed by hand."""

import time

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from analysis.metrics import (
    RESAMPLES,
    compare,
    confused_pairs,
    evaluate,
    expected_calibration_error,
    most_confidently_wrong,
    resampled_matrices,
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


def scipy_interval(statistic, *samples):
    """The percentile interval of SciPy's own bootstrap, which draws the faces one by one."""
    result = stats.bootstrap(
        samples, statistic, paired=True, n_resamples=4000, method="percentile", rng=np.random.default_rng(7)
    )
    return list(result.confidence_interval)


def test_intervals_agree_with_the_bootstrap_of_scipy(example):
    labels, probabilities = example
    scores = evaluate(labels, probabilities)
    correct = probabilities.argmax(axis=1) == labels
    np.testing.assert_allclose(scores.accuracy_interval, scipy_interval(np.mean, correct), atol=0.008)

    def recall_of_fear(is_fear, is_right, axis):
        return (is_fear & is_right).sum(axis=axis) / is_fear.sum(axis=axis)

    expected = scipy_interval(recall_of_fear, labels == 2, correct)
    np.testing.assert_allclose(scores.recall_interval[:, 2], expected, atol=0.025)
    assert (scores.recall_interval[0] <= scores.recall).all()
    assert (scores.recall_interval[1] >= scores.recall).all()


def test_the_interval_of_a_difference_is_paired(example):
    labels, first = example
    second = np.roll(first, 1, axis=1)
    second[:280] = first[:280]
    difference = compare(labels, first, second)
    before, after = (values.argmax(axis=1) == labels for values in (first, second))
    assert difference.accuracy == pytest.approx(after.mean() - before.mean())
    expected = scipy_interval(
        lambda a, b, axis: b.mean(axis=axis) - a.mean(axis=axis), before.astype(float), after.astype(float)
    )
    np.testing.assert_allclose(difference.accuracy_interval, expected, atol=0.008)
    # The networks agree on 280 of 300 faces, so their difference is far more certain than their accuracies.
    assert np.ptp(difference.accuracy_interval) < np.ptp(evaluate(labels, first).accuracy_interval) / 2
    np.testing.assert_allclose(
        difference.recall, evaluate(labels, second).recall - evaluate(labels, first).recall
    )


def test_a_network_does_not_differ_from_itself(example):
    labels, probabilities = example
    difference = compare(labels, probabilities, probabilities)
    assert difference.accuracy == 0
    assert not difference.shares_interval.any()
    assert difference.within_chance.all()


def test_only_a_clear_difference_is_outside_chance():
    labels = np.repeat([0, 1], 100)
    first = np.eye(7)[labels]
    second = first.copy()
    second[:30] = np.eye(7)[4]
    second[100:101] = np.eye(7)[4]
    outside = np.argwhere(~compare(labels, first, second).within_chance)
    assert outside.tolist() == [[0, 0], [0, 4]]


def test_resampled_matrices_are_of_as_many_faces_and_repeatable(example):
    labels, probabilities = example
    predicted = probabilities.argmax(axis=1)
    twice = [resampled_matrices(labels, predicted, labels) for _ in range(2)]
    np.testing.assert_array_equal(twice[0], twice[1])
    first, perfect = twice[0]
    assert first.shape == (RESAMPLES, 7, 7)
    assert (first.sum(axis=(1, 2)) == 300).all()
    # The same sample for both networks: as many faces of each true class.
    np.testing.assert_array_equal(first.sum(axis=2), perfect.sum(axis=2))
    expected = sklearn_metrics.confusion_matrix(labels, predicted)
    np.testing.assert_allclose(first.mean(axis=0), expected, atol=0.5)


def test_a_class_that_a_sample_misses_does_not_count_as_recall_zero():
    labels = np.array([0] * 9 + [5])
    scores = evaluate(labels, np.eye(7)[labels])
    assert scores.recall_interval[:, 5].tolist() == [1, 1]
    assert scores.recall_interval[:, 3].tolist() == [0, 0]


def test_intervals_of_public_test_take_a_moment():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 7, 3589)
    first, second = generator.dirichlet(np.ones(7), (2, 3589))
    start = time.process_time()
    compare(labels, first, second)
    assert time.process_time() - start < 1


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
    assert pairs["faces"].tolist() == [5, 30]


def test_most_confidently_wrong_leaves_right_faces_out():
    labels = np.array([0, 1, 2, 3])
    probabilities = probabilities_of([0, 5, 5, 6], [0.99, 0.6, 0.9, 0.7])
    assert most_confidently_wrong(labels, probabilities, 2).tolist() == [2, 3]
    assert most_confidently_wrong(labels, probabilities, 9).tolist() == [2, 3, 1]
