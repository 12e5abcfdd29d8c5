"""Which classes a network confuses, how much two networks differ, and both as text and as a record."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.metrics import ALL, PREDICTED, matrix_of
from data import CLASS_NAMES, NUM_CLASSES, InputError
from models.weights import ENDING, Weights, find_ensemble

# Scores of a network, or differences of two, by subset, first the one that is measured in detail.
Tables = dict[str, pd.DataFrame]
# The report names four pairs (question 3).
PRINTED_PAIRS = 4


def named_ensembles(groups: Sequence[Sequence[str]]) -> dict[str, list[Weights]]:
    """The weights of each group of paths, by a name for figures.

    The name is that of its files or folders; where groups would share it, all paths as given.
    Raises InputError as find_ensemble does, and when two groups are the same.
    """
    found = [find_ensemble(group) for group in groups]
    names = [" + ".join(Path(each).resolve().name.removesuffix(ENDING) for each in group) for group in groups]
    if len(set(names)) < len(names):
        names = [" + ".join(group) for group in groups]
    if len(set(names)) < len(names):
        raise InputError(f"{' and '.join(names)}: the same weights are given twice; give others")
    return dict(zip(names, found, strict=True))


def measure(
    labels: np.ndarray, probabilities: Mapping[str, np.ndarray], subsets: Mapping[str, np.ndarray]
) -> dict[str, Tables]:
    """The scores of each network, each but the first followed by how it differs from the first one.

    labels: (N,) int. probabilities: (N, 7) float by the name of the network. subsets: (N,) bools by name.
    Returns tables by name, such as 'cnn', 'dnn' and 'dnn minus cnn', and by subset.
    """
    measured: dict[str, Tables] = {}
    reference, *_ = probabilities
    for name, values in probabilities.items():
        measured[name] = {key: metrics.evaluate(labels[rows], values[rows]) for key, rows in subsets.items()}
        if name != reference:
            measured[f"{name} minus {reference}"] = {
                key: compare(labels[rows], probabilities[reference][rows], values[rows])
                for key, rows in subsets.items()
            }
    return measured


def compare(labels: np.ndarray, reference: np.ndarray, other: np.ndarray) -> pd.DataFrame:
    """How much the scores of another network exceed those of a reference network on the same faces.

    Measures of 'all': faces (how many), accuracy. Of a class: recall, and PREDICTED, here as shares.
    Intervals are paired: mean change per face plus or minus 1.96 standard errors.
    labels: (N,) int. reference, other: (N, 7) float probabilities.
    """
    before, after = (np.eye(NUM_CLASSES)[each.argmax(axis=1)] for each in (reference, other))
    change = after - before
    rows: list[tuple] = [(ALL, "faces", len(labels), np.nan, np.nan)]
    rows.append((ALL, "accuracy", *_mean_change(change[np.arange(len(labels)), labels])))
    for index in np.unique(labels):
        shares = _mean_change(change[labels == index]).T
        for measure, interval in zip(["recall", *PREDICTED], [shares[index], *shares], strict=True):
            rows.append((CLASS_NAMES[index], measure, *interval))
    return metrics.tidy(rows)


def significant(difference: pd.DataFrame) -> np.ndarray:
    """(7, 7) bool: which shares of compare() differ, because their intervals exclude 0."""
    return matrix_of(difference, "low") * matrix_of(difference, "high") > 0


def row_shares(matrix: np.ndarray) -> np.ndarray:
    """Each count of a (7, 7) confusion matrix as a share of its row, 0 where a row is empty."""
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def confused_pairs(matrix: np.ndarray) -> pd.DataFrame:
    """The pairs of classes with faces that were confused at all, the most confused first (question 3).

    matrix: (7, 7) int counts, rows true, columns predicted.
    Returns a row per pair; pairs of equal share are in class order. Columns:
    first, second: str, class names in the order of CLASS_NAMES.
    share: float, mean of the shares of each class's faces that were predicted as the other, 0..1.
    first_as_second, second_as_first: int, the number of faces in each direction.
    faces: int, their sum. A rare class makes few faces a large share.
    """
    first, second = np.triu_indices(NUM_CLASSES, k=1)
    has_faces = matrix.sum(axis=1) > 0
    first, second = (each[has_faces[first] & has_faces[second]] for each in (first, second))
    shares = row_shares(matrix)
    columns = {"share": (shares + shares.T) / 2, "faces": matrix + matrix.T}
    columns |= {"first_as_second": matrix, "second_as_first": matrix.T}
    pairs = pd.DataFrame({name: values[first, second] for name, values in columns.items()})
    pairs.insert(0, "first", np.take(CLASS_NAMES, first))
    pairs.insert(1, "second", np.take(CLASS_NAMES, second))
    return pairs[pairs["faces"] > 0].sort_values("share", ascending=False, kind="stable", ignore_index=True)


def seed_statistics(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Mean and (sample) standard deviation of the scores of runs that differ in their seed.

    tables: as metrics.evaluate() gives them. Indexed by class and measure, without counts of faces.
    """
    values = pd.concat([table["value"] for table in tables], axis=1)
    values = values.drop(["faces", *metrics.PREDICTED], level="measure")
    return pd.DataFrame({"mean": values.mean(axis=1), "deviation": values.std(axis=1)})


def seeds_text(statistics: pd.DataFrame, count: int) -> str:
    """The same for a terminal."""
    overall, recall = statistics.loc[ALL], statistics.xs("recall", level="measure")
    lines = [f"mean and standard deviation of {count} seeds:"]
    for name, row in pd.concat([overall, recall.add_prefix("recall of ", axis=0)]).iterrows():
        lines.append(f"{str(name).replace('_', ' ')} {row['mean']:.4f} ± {row['deviation']:.4f}")
    return "\n".join(lines)


def as_text(name: str, tables: Tables) -> str:
    """The scores of a network, or how those of two differ, for a terminal."""
    table = next(iter(tables.values()))
    numbers = "+.4f" if _is_difference(table) else ".4f"
    counts = {subset: int(each["value"][ALL, "faces"]) for subset, each in tables.items()}
    trained = counts.get(ALL, 0) - counts.get(metrics.WITHOUT_DUPLICATES, 0)
    lines = [f"\n{name}:"]
    lines += [metrics.accuracy_text(subset, each, trained, numbers) for subset, each in tables.items()]
    if _is_difference(table):
        for label, row in table.xs("recall", level="measure").iterrows():
            lines.append(f"recall of {label} {metrics.interval_text(row, numbers)}")
    else:
        overall = table["value"][ALL].drop(["faces", "accuracy"])
        lines.append(", ".join(f"{key.replace('_', ' ')} {value:.4f}" for key, value in overall.items()))
        lines += [metrics.classes_text(table), "most often confused, by the mean share of both directions:"]
        pairs = confused_pairs(matrix_of(table).astype(int)).head(PRINTED_PAIRS)
        lines.append(pairs.to_string(index=False, float_format="{:.3f}".format))
    return "\n".join(lines)


def as_record(tables: Tables) -> dict[str, Any]:
    """The same as plain Python values: everything about the first subset, and the accuracy of each."""
    table = next(iter(tables.values()))
    record: dict[str, Any] = {"accuracy": {}}
    for subset, each in tables.items():
        accuracy = each.loc[(ALL, "accuracy")].to_dict()
        record["accuracy"][subset] = {"faces": int(each["value"][ALL, "faces"]), **accuracy}
    if _is_difference(table):
        record["classes"] = table.xs("recall", level="measure").to_dict("index")
        return record | {"matrix": matrix_of(table).tolist(), "significant": significant(table).tolist()}
    matrix = matrix_of(table).astype(int)
    record |= table["value"][ALL].drop(["faces", "accuracy"]).to_dict()
    record |= {"classes": metrics.by_class(table).to_dict("index"), "matrix": matrix.tolist()}
    return record | {"pairs": confused_pairs(matrix).round(metrics.DECIMALS).to_dict("records")}


def as_csv(scores: Mapping[str, Tables]) -> str:
    """All tables as one, with the columns network, subset, class, measure, value, low and high."""
    tables = {(name, subset): table for name, each in scores.items() for subset, table in each.items()}
    return pd.concat(tables, names=["network", "subset"]).to_csv(lineterminator="\n")


def _is_difference(table: pd.DataFrame) -> bool:
    return (ALL, "macro_f1") not in table.index


def _mean_change(change: np.ndarray) -> np.ndarray:
    """(N, ...) changes of -1, 0 or 1 -> (3, ...): their mean, and the ends of its 95 % interval."""
    # The interval is that with one more face in each direction (Bonett and Price 2012); otherwise few faces
    # that all change alike would seem certain.
    padded = np.concatenate([change, np.ones_like(change[:1]), -np.ones_like(change[:1])])
    middle, half = padded.mean(axis=0), metrics.DEVIATIONS * padded.std(axis=0) / np.sqrt(len(padded))
    return np.stack([change.mean(axis=0), np.maximum(middle - half, -1), np.minimum(middle + half, 1)])
