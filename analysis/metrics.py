"""How well predictions agree with labels, overall and by class.

Scores are tidy tables, indexed by class and measure, with the columns value, low and high, rounded to six
decimals; low and high are the ends of the 95 % interval, NaN where there is none. The class 'all' stands for
all faces. A class that has no faces has no rows.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

from data import CLASS_NAMES, NUM_CLASSES
from data.faces import Faces
from data.splits import Hashes, group_duplicates

# The subsets of faces that are measured on; the first is also the class of overall scores.
ALL = "all"
WITHOUT_DUPLICATES = "without_duplicates"
# Measures of a class: how many of its faces are predicted as each class.
PREDICTED = [f"predicted_{name}" for name in CLASS_NAMES]
DECIMALS = 6
CALIBRATION_BINS = 15
# 95 % of a normal distribution are within so many standard deviations.
DEVIATIONS = 1.96


def subsets_of(is_duplicate: np.ndarray) -> dict[str, np.ndarray]:
    """Which of N faces are in each subset, as (N,) bools by its name; omits a subset without faces.

    is_duplicate: (N,) bool, the faces that a network was trained on, or on copies of them.
    """
    subsets = {ALL: np.ones_like(is_duplicate), WITHOUT_DUPLICATES: ~is_duplicate}
    return {name: rows for name, rows in subsets.items() if rows.any()}


def subset_text(subset: str, count: int, faces: str = "faces", trained: int = 0) -> str:
    """Name `count` faces of a subset, such as '3,309 faces without duplicates in training'.

    trained: how many of all faces the networks were trained on.
    """
    known = f" ({trained:,} trained on)" if trained else ""
    without = f"{count:,} {faces} without duplicates in training"
    return f"all {count:,} {faces}{known}" if subset == ALL else without


def evaluate(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The scores of (N, 7) float probabilities of faces with (N,) int labels, N at least 1.

    Measures of 'all': faces (how many), accuracy, balanced_accuracy and macro_f1 (the means of recall and F1
    over the classes with faces), expected_calibration_error. Of a class: faces, precision, recall (which is
    its accuracy), f1, roc_area (under the curve of the class against the rest), and PREDICTED. Accuracy and
    recall have intervals, see wilson_interval().
    """
    predicted, present = probabilities.argmax(axis=1), np.unique(labels)
    scores = precision_recall_fscore_support(labels, predicted, labels=present, zero_division=0)
    columns = dict(zip(("precision", "recall", "f1", "faces"), scores, strict=True))
    classes = pd.DataFrame(columns, np.take(CLASS_NAMES, present))
    # One class against the rest; without a face of another class there is no curve.
    if len(present) > 1:
        areas = [roc_auc_score(labels == index, probabilities[:, index]) for index in present]
        classes["roc_area"] = areas
    classes[PREDICTED] = confusion_matrix(labels, predicted, labels=range(NUM_CLASSES))[present]
    overall = {
        "faces": len(labels),
        "accuracy": (predicted == labels).mean(),
        "balanced_accuracy": classes["recall"].mean(),
        "macro_f1": classes["f1"].mean(),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }
    rows = []
    for name, measures in ({ALL: overall} | classes.to_dict("index")).items():
        for measure, value in measures.items():
            has_interval = measure in ("accuracy", "recall")
            interval = wilson_interval(value, measures["faces"]) if has_interval else (np.nan, np.nan)
            rows.append((name, measure, value, *interval))
    return tidy(rows)


def matrix_of(table: pd.DataFrame, column: str = "value") -> np.ndarray:
    """(7, 7) float: a column of the measures PREDICTED, rows true, columns predicted, 0 without faces."""
    wide = table[column].unstack().reindex(index=CLASS_NAMES, columns=PREDICTED)
    return wide.fillna(0.0).to_numpy(float)


def by_class(table: pd.DataFrame) -> pd.DataFrame:
    """A row per class that has faces: faces, precision, recall, f1, roc_area, recall_low and recall_high."""
    classes = table.unstack().reindex(CLASS_NAMES).dropna(how="all")
    ends = {f"recall_{end}": classes[end]["recall"] for end in ("low", "high")}
    measures = classes["value"].filter(["faces", "precision", "recall", "f1", "roc_area"])
    return measures.astype({"faces": int}).assign(**ends)


def interval_text(row: pd.Series, numbers: str = ".4f") -> str:
    """A row of a table for one line, such as '0.7169 (95 % interval 0.7020 to 0.7314)'.

    numbers: how they are formatted; with a sign, they are a difference, which may be not significant.
    """
    value, low, high = (format(number, numbers) for number in row)
    chance = ", not significant" if "+" in numbers and row["low"] <= 0 <= row["high"] else ""
    return f"{value} (95 % interval {low} to {high}){chance}"


def accuracy_text(subset: str, table: pd.DataFrame, trained: int = 0, numbers: str = ".4f") -> str:
    """The accuracy, or with a sign in `numbers` its difference, on the faces of a subset, for one line."""
    faces = subset_text(subset, int(table["value"][ALL, "faces"]), trained=trained)
    return f"accuracy {interval_text(table.loc[(ALL, 'accuracy')], numbers)}, {faces}"


def classes_text(table: pd.DataFrame) -> str:
    """Matrix and scores by class, for a terminal; the last line names the classes that have no faces."""
    counts = pd.DataFrame(matrix_of(table).astype(int), CLASS_NAMES, CLASS_NAMES)
    shown = counts.join(by_class(table), how="right").rename_axis(index=None, columns="true / predicted")
    missing = [name for name in CLASS_NAMES if name not in shown.index]
    left_out = f"\nleft out, because they have no faces: {', '.join(missing)}" if missing else ""
    return shown.to_string(float_format="{:.3f}".format) + left_out


def most_confident_mistakes(faces: Faces, probabilities: np.ndarray, count: int) -> np.ndarray:
    """Indices of up to `count` faces whose wrong predicted class is the most probable, the surest first.

    faces: Faces, N with labels; of duplicates one is given.
    probabilities: (N, 7) float.
    """
    labels, groups = faces.require_labels(), group_duplicates(Hashes.of(faces.images))
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]
    _, first = np.unique(groups[surest], return_index=True)
    return surest[np.sort(first)][:count]


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of `count` faces (Wilson 1927), never of width 0."""
    square = DEVIATIONS**2 / count
    middle = share + square / 2
    half = np.sqrt(square * (share * (1 - share) + square / 4))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


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
    return float(np.abs(np.bincount(bins, weights=confidence - correct)).sum() / len(labels))


def tidy(rows: list[tuple]) -> pd.DataFrame:
    """The table of rows of class, measure, value, low and high."""
    columns = ["class", "measure", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:2]).round(DECIMALS)
