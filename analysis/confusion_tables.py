"""The scores of a network as text for a terminal, as a JSON-ready dictionary and as CSV for a spreadsheet."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from typing import Any

from analysis.metrics import ConfusedPair, Scores, confused_pairs
from data.dataset import CLASS_NAMES

# The report names four pairs (question 3).
_PRINTED_PAIRS = 4
_DECIMALS = 6
_OVERALL = ("accuracy", "balanced_accuracy", "macro_f1", "expected_calibration_error")
_PER_CLASS = ("precision", "recall", "f1")


def as_text(name: str, scores: Scores) -> str:
    """Overall numbers of one network, the matrix with the numbers per class, and the most confused pairs."""
    width = max(map(len, CLASS_NAMES)) + 1
    heading = ["true / as", *CLASS_NAMES, "faces", "precision", "recall", "F1"]
    lines = [
        f"{name}: accuracy {scores.accuracy:.4f}, balanced accuracy {scores.balanced_accuracy:.4f}, "
        f"macro F1 {scores.macro_f1:.4f}, expected calibration error {scores.expected_calibration_error:.4f}",
        "".join(f"{word:>{max(width, len(word) + 2)}}" for word in heading),
    ]
    for index, class_name in enumerate(CLASS_NAMES):
        counts = "".join(f"{count:>{width}}" for count in (*scores.matrix[index], scores.support[index]))
        shares = f"{scores.precision[index]:>11.3f}{scores.recall[index]:>9.3f}{scores.f1[index]:>9.3f}"
        lines.append(f"{class_name:>11}{counts}{shares}")
    lines.append("most often confused, both directions:")
    lines += [
        f"  {pair.first}-{pair.second} {100 * pair.share:.1f} % ({pair.first} as {pair.second} "
        f"{pair.first_as_second}, {pair.second} as {pair.first} {pair.second_as_first})"
        for pair in confused_pairs(scores.matrix)[:_PRINTED_PAIRS]
    ]
    return "\n".join(lines)


def as_json(scores: Scores) -> dict[str, Any]:
    """All numbers of one network as plain Python values, shares with six decimals, every confused pair."""
    shares = zip(scores.precision, scores.recall, scores.f1, strict=True)
    return {
        **{name: round(getattr(scores, name), _DECIMALS) for name in _OVERALL},
        "per_class": {
            name: {"faces": int(faces)} | dict(zip(_PER_CLASS, _rounded(row), strict=True))
            for name, faces, row in zip(CLASS_NAMES, scores.support, shares, strict=True)
        },
        "matrix": scores.matrix.tolist(),
        "confused_pairs": [
            dataclasses.asdict(pair) | {"share": round(pair.share, _DECIMALS)}
            for pair in confused_pairs(scores.matrix)
        ],
    }


def as_csv(networks: Mapping[str, Scores]) -> str:
    """Three tables, a blank line between: overall numbers, matrix and numbers per class, confused pairs.

    networks: by the name of the network, which is the first column of each table.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["network", *_OVERALL])
    for name, scores in networks.items():
        writer.writerow([name, *_rounded(getattr(scores, column) for column in _OVERALL)])
    writer.writerows([[], ["network", "true_class", *CLASS_NAMES, "faces", *_PER_CLASS]])
    for name, scores in networks.items():
        shares = zip(scores.precision, scores.recall, scores.f1, strict=True)
        for class_name, counts, row in zip(CLASS_NAMES, scores.matrix, shares, strict=True):
            writer.writerow([name, class_name, *counts, counts.sum(), *_rounded(row)])
    writer.writerows([[], ["network", *(field.name for field in dataclasses.fields(ConfusedPair))]])
    for name, scores in networks.items():
        for pair in confused_pairs(scores.matrix):
            first, second, share, *counts = dataclasses.astuple(pair)
            writer.writerow([name, first, second, round(share, _DECIMALS), *counts])
    return text.getvalue()


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), _DECIMALS) for value in values]
