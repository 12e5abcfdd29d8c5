"""The numbers against scikit-learn and SciPy, and against examples computed by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from analysis.metrics import (
    by_class,
    classes_text,
    evaluate,
    expected_calibration_error,
    matrix_of,
)
from data import CLASS_NAMES


def probabilities_of(predicted, confidence):
    """(N, 7) rows whose class `predicted` has probability `confidence`, the others an equal share."""
    rows = np.repeat((1 - np.asarray(confidence, float))[:, None] / 6, 7, axis=1)
    rows[np.arange(len(rows)), predicted] = confidence
    return rows


def test_scores_equal_scikit_learn():
    generator = np.random.default_rng(0)
    labels, probabilities = generator.integers(0, 7, 300), generator.dirichlet(np.full(7, 0.4), 300)
    probabilities = (probabilities + np.eye(7)[labels]) / 2
    predicted = probabilities.argmax(axis=1)
    table = evaluate(labels, probabilities)
    overall = table["value"]["all"]
    np.testing.assert_array_equal(matrix_of(table), sklearn_metrics.confusion_matrix(labels, predicted))
    assert overall["faces"] == 300
    for name, arguments in (("accuracy", {}), ("balanced_accuracy", {}), ("f1", {"average": "macro"})):
        expected = getattr(sklearn_metrics, f"{name}_score")(labels, predicted, **arguments)
        assert overall["macro_f1" if name == "f1" else name] == pytest.approx(expected, abs=1e-6)
    classes = by_class(table)
    assert classes.index.tolist() == list(CLASS_NAMES)
    np.testing.assert_array_equal(classes["faces"], np.bincount(labels))
    for name in ("precision", "recall", "f1"):
        expected = getattr(sklearn_metrics, f"{name}_score")(labels, predicted, average=None)
        np.testing.assert_allclose(classes[name], expected, atol=1e-6)


def test_classes_without_faces_are_left_out():
    labels = np.array([0, 0, 0, 0, 3, 3, 4])
    table = evaluate(labels, probabilities_of([0, 0, 0, 4, 3, 6, 4], np.full(7, 0.9)))
    overall, classes = table["value"]["all"], by_class(table)
    assert classes.index.tolist() == ["angry", "happy", "sad"]
    np.testing.assert_allclose(classes["recall"], [0.75, 0.5, 1])
    np.testing.assert_allclose(classes["precision"], [1, 1, 0.5])
    assert overall["accuracy"] == pytest.approx(5 / 7, abs=1e-6)
    assert overall["balanced_accuracy"] == 0.75
    assert overall["macro_f1"] == pytest.approx((6 / 7 + 2 / 3 + 2 / 3) / 3, abs=1e-6)
    assert overall["expected_calibration_error"] == pytest.approx(0.9 - 5 / 7, abs=1e-6)
    assert not table["value"].isna().any()
    assert matrix_of(table)[1].tolist() == [0] * 7
    assert classes_text(table).endswith("no faces: disgust, fear, surprise, neutral")
    assert "0.0000" not in classes_text(table)


@pytest.mark.parametrize(("right", "faces"), [(0, 3), (3, 3), (1, 1), (7, 20), (2600, 3589)])
def test_intervals_of_shares_are_those_of_scipy(right, faces):
    labels = np.repeat([2, 5], [right, faces - right])
    table = evaluate(labels, probabilities_of(np.full(faces, 2), np.full(faces, 0.8)))
    expected = stats.binomtest(right, faces).proportion_ci(0.95, method="wilson")
    low, high = table.loc[("all", "accuracy"), ["low", "high"]]
    assert (low, high) == pytest.approx(tuple(expected), abs=1e-4)
    assert high - low > 0.01


def test_calibration_error_by_hand():
    # Bin (0.6, 0.6667]: one of two right at 0.65. Bin (0.8667, 0.9333]: one right at 0.9.
    labels = np.array([1, 1, 5])
    probabilities = probabilities_of([1, 2, 5], [0.65, 0.65, 0.9])
    expected = 2 / 3 * abs(0.5 - 0.65) + 1 / 3 * abs(1 - 0.9)
    assert expected_calibration_error(labels, probabilities) == pytest.approx(expected)
    assert expected_calibration_error(labels[:2], np.eye(7)[[1, 1]]) == 0
    assert expected_calibration_error(labels[:2], np.eye(7)[[0, 0]]) == 1
