"""The scores of networks as text for a terminal, as JSON-ready dictionaries and as CSV for a spreadsheet.
Populations are named as in HeldOut; the first one is measured in detail.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.held_out import (
    ALL,
    WITHOUT_TWINS,
    HeldOut,
    evaluate_populations,
    population_text,
    populations_of,
)
from analysis.metrics import Difference, Scores, confused_pairs
from data.dataset import CLASS_NAMES
from models.weights_file import WeightsFile

# The report names four pairs (question 3).
_PRINTED_PAIRS = 4
_DECIMALS = 6
_OVERALL = ["accuracy", "balanced_accuracy", "macro_f1", "expected_calibration_error"]
_PER_CLASS = ["faces", "precision", "recall", "f1", "recall_low", "recall_high"]


def as_text(name: str, populations: Mapping[str, Scores]) -> str:
    """Accuracy of one network by population; of the first, scores by class and the most confused pairs."""
    accuracies = [
        f"{name}: {accuracy_text(population, scores)}" for population, scores in populations.items()
    ]
    population, scores = next(iter(populations.items()))
    overall = ", ".join(
        f"{column.replace('_', ' ').replace('f1', 'F1')} {getattr(scores, column):.4f}"
        for column in _OVERALL[1:]
    )
    table = _matrix_and_classes(scores)
    ends = [f"{low:.3f} to {high:.3f}" for low, high in scores.recall_interval.T]
    table.insert(table.columns.get_loc("recall") + 1, "95 % interval", ends)
    table = table.drop(columns=["recall_low", "recall_high"]).rename(columns={"f1": "F1"})
    table = table.rename_axis(index=None, columns="true / as")
    pairs = [
        f"  {number}. {pair.first}-{pair.second} {100 * pair.share:.1f} %, {pair.faces:,} faces "
        f"({pair.first} as {pair.second} {pair.first_as_second:,}, "
        f"{pair.second} as {pair.first} {pair.second_as_first:,})"
        for number, pair in enumerate(
            confused_pairs(scores.matrix).head(_PRINTED_PAIRS).itertuples(), start=1
        )
    ]
    return "\n".join(
        [
            *accuracies,
            f"{name}, {population_text(population, scores.support.sum())}: {overall}",
            table.to_string(float_format="{:.3f}".format),
            "most often confused, by the mean share of both directions:",
            *pairs,
        ]
    )


def accuracy_text(population: str, scores: Scores) -> str:
    """The accuracy with its interval and the population, for one line."""
    low, high = scores.accuracy_interval
    faces = population_text(population, scores.support.sum())
    return f"accuracy {scores.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f}), {faces}"


def accuracies_as_text(labels: np.ndarray, probabilities: np.ndarray, is_seen: np.ndarray) -> str:
    """Accuracy of all faces, of those without a twin in training, and of each class of all faces.

    labels: (N,) int.
    probabilities: (N, 7) float.
    is_seen: (N,) bool, whether each has a twin in training.
    """
    scores = evaluate_populations(labels, probabilities, populations_of(is_seen))
    lines = [accuracy_text(population, each) for population, each in scores.items()]
    if WITHOUT_TWINS not in scores:
        lines.append(
            "every one of these images was in the training set: this accuracy says nothing about new faces"
        )
    overall = scores[ALL]
    lines.append(f"accuracy by class, {population_text(ALL, len(labels))}:")
    for name, recall, (low, high) in zip(CLASS_NAMES, overall.recall, overall.recall_interval.T, strict=True):
        lines.append(f"  {name:<9}{recall:.4f} (95 % interval {low:.4f} to {high:.4f})")
    return "\n".join(lines)


def difference_as_text(name: str, populations: Mapping[str, Difference]) -> str:
    """Differences of accuracy by population, and of recall by class in the first, marked where within chance.

    name: str, such as 'dnn minus cnn'.
    """
    population, first = next(iter(populations.items()))
    recall = zip(CLASS_NAMES, first.recall, first.recall_interval.T, strict=True)
    return "\n".join(
        [
            *(
                f"{name}: accuracy {_signed(each.accuracy, each.accuracy_interval)}, "
                f"{population_text(key, each.faces)}"
                for key, each in populations.items()
            ),
            f"{name}, {population_text(population, first.faces)}: recall",
            *(f"  {label:<9}{_signed(value, interval)}" for label, value, interval in recall),
        ]
    )


def as_json(populations: Mapping[str, Scores]) -> dict[str, Any]:
    """Scores of one network as plain Python values with six decimals: all of the first, accuracy of each."""
    scores = next(iter(populations.values()))
    return {
        **{column: round(getattr(scores, column), _DECIMALS) for column in _OVERALL},
        **_accuracy(scores),
        "per_class": _matrix_and_classes(scores)[_PER_CLASS].round(_DECIMALS).to_dict("index"),
        "matrix": scores.matrix.tolist(),
        "confused_pairs": confused_pairs(scores.matrix).round(_DECIMALS).to_dict("records"),
        "populations": {
            population: {"faces": int(each.support.sum())} | _accuracy(each)
            for population, each in populations.items()
        },
    }


def difference_as_json(populations: Mapping[str, Difference]) -> dict[str, Any]:
    """Differences as plain Python values with six decimals: all of the first, accuracy of each population.

    The keys shares, shares_low, shares_high and within_chance are matrices, rows true, columns predicted.
    """
    first = next(iter(populations.values()))
    recall_low, recall_high = first.recall_interval
    recall = {"recall": first.recall, "recall_low": recall_low, "recall_high": recall_high}
    low, high = first.shares_interval
    shares = {"shares": first.shares, "shares_low": low, "shares_high": high}
    return {
        **_accuracy(first),
        "per_class": pd.DataFrame(recall, CLASS_NAMES).round(_DECIMALS).to_dict("index"),
        **{name: each.round(_DECIMALS).tolist() for name, each in shares.items()},
        "within_chance": first.within_chance.tolist(),
        "populations": {
            population: {"faces": each.faces} | _accuracy(each) for population, each in populations.items()
        },
    }


def comparison_as_json(
    held: HeldOut,
    networks: Mapping[str, Sequence[WeightsFile]],
    scores: Mapping[str, Mapping[str, Scores]],
    differences: Mapping[str, Mapping[str, Difference]],
    tta: bool,
) -> dict[str, Any]:
    """What was measured, of which weights on which faces, as plain Python values.

    networks, scores, differences: by the name of the network; differences are from the first. tta: whether
    faces and their mirror images were averaged.
    """
    measured = {
        name: {"weights": [str(weights.path) for weights in networks[name]]} | as_json(each)
        for name, each in scores.items()
    }
    return {
        **held.as_json(),
        "networks": measured,
        "tta": tta,
        "differences": {name: difference_as_json(each) for name, each in differences.items()},
    }


def as_csv(networks: Mapping[str, Mapping[str, Scores]]) -> str:
    """Three tables with a blank line between: overall scores, matrix and scores per class, confused pairs.

    networks: by the name of the network, which is the first column of each table. The first table has a row
    for each population, the others are of the first population.
    """
    overall = {
        (name, population): {column: getattr(each, column) for column in _OVERALL} | _accuracy(each)
        for name, populations in networks.items()
        for population, each in populations.items()
    }
    first = {name: next(iter(populations.values())) for name, populations in networks.items()}
    classes = {name: _matrix_and_classes(each) for name, each in first.items()}
    pairs = {name: confused_pairs(each.matrix) for name, each in first.items()}
    tables = (
        pd.DataFrame.from_dict(overall, orient="index").rename_axis(["network", "population"]),
        pd.concat(classes, names=["network"]),
        pd.concat(pairs, names=["network"]).droplevel(1),
    )
    return "\n".join(table.round(_DECIMALS).to_csv(lineterminator="\n") for table in tables)


def _matrix_and_classes(scores: Scores) -> pd.DataFrame:
    """One row per true class: how many faces were predicted as each class, then its own scores."""
    table = pd.DataFrame(scores.matrix, pd.Index(CLASS_NAMES, name="true_class"), CLASS_NAMES)
    table = table.assign(faces=scores.support, precision=scores.precision, recall=scores.recall, f1=scores.f1)
    low, high = scores.recall_interval
    return table.assign(recall_low=low, recall_high=high)


def _accuracy(scores: Scores | Difference) -> dict[str, float]:
    low, high = scores.accuracy_interval
    values = {"accuracy": scores.accuracy, "accuracy_low": low, "accuracy_high": high}
    return {name: round(float(value), _DECIMALS) for name, value in values.items()}


def _signed(value: float, interval: np.ndarray) -> str:
    low, high = interval
    chance = ", within chance" if low <= 0 <= high else ""
    return f"{value:+.4f} (95 % interval {low:+.4f} to {high:+.4f}){chance}"
