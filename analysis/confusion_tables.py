"""The scores of a network as text for a terminal, as a JSON-ready dictionary and as CSV for a spreadsheet."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.metrics import Scores, confused_pairs
from data.dataset import CLASS_NAMES

# The report names four pairs (question 3).
_PRINTED_PAIRS = 4
_DECIMALS = 6
_OVERALL = ["accuracy", "balanced_accuracy", "macro_f1", "expected_calibration_error"]
_PER_CLASS = ["faces", "precision", "recall", "f1"]


def as_text(name: str, scores: Scores) -> str:
    """Overall scores of one network, the matrix with the scores per class, and the most confused pairs."""
    overall = ", ".join(
        f"{column.replace('_', ' ').replace('f1', 'F1')} {getattr(scores, column):.4f}" for column in _OVERALL
    )
    table = _matrix_and_classes(scores).rename(columns={"f1": "F1"})
    table = table.rename_axis(index=None, columns="true / as")
    pairs = [
        f"  {pair.first}-{pair.second} {100 * pair.share:.1f} % ({pair.first} as {pair.second} "
        f"{pair.first_as_second}, {pair.second} as {pair.first} {pair.second_as_first})"
        for pair in confused_pairs(scores.matrix).head(_PRINTED_PAIRS).itertuples()
    ]
    return "\n".join(
        [
            f"{name}: {overall}",
            table.to_string(float_format="{:.3f}".format),
            "most often confused, both directions:",
            *pairs,
        ]
    )


def as_json(scores: Scores) -> dict[str, Any]:
    """All scores of one network as plain Python values, shares with six decimals, every confused pair."""
    return {
        **{column: round(getattr(scores, column), _DECIMALS) for column in _OVERALL},
        "per_class": _matrix_and_classes(scores)[_PER_CLASS].round(_DECIMALS).to_dict("index"),
        "matrix": scores.matrix.tolist(),
        "confused_pairs": confused_pairs(scores.matrix).round(_DECIMALS).to_dict("records"),
    }


def as_csv(networks: Mapping[str, Scores]) -> str:
    """Three tables with a blank line between: overall scores, matrix and scores per class, confused pairs.

    networks: by the name of the network, which is the first column of each table.
    """
    overall = {
        name: {column: getattr(each, column) for column in _OVERALL} for name, each in networks.items()
    }
    classes = {name: _matrix_and_classes(each) for name, each in networks.items()}
    pairs = {name: confused_pairs(each.matrix) for name, each in networks.items()}
    tables = (
        pd.DataFrame.from_dict(overall, orient="index").rename_axis("network"),
        pd.concat(classes, names=["network"]),
        pd.concat(pairs, names=["network"]).droplevel(1),
    )
    return "\n".join(table.round(_DECIMALS).to_csv(lineterminator="\n") for table in tables)


def _matrix_and_classes(scores: Scores) -> pd.DataFrame:
    """One row per true class: how many faces were predicted as each class, then its own scores."""
    table = pd.DataFrame(scores.matrix, pd.Index(CLASS_NAMES, name="true_class"), CLASS_NAMES)
    return table.assign(faces=scores.support, precision=scores.precision, recall=scores.recall, f1=scores.f1)
