"""The tables of the page: the report's numbers and this run's, a row each."""

from collections.abc import Mapping
from typing import Any

from reporting import findings
from reporting.material import NAMES, Material, percent
from reporting.page import Html, table

SHOWN_PAIRS = 6


def totals_table(material: Material, name: str) -> Html:
    """All parameters of a network, trainable and not."""
    here, reported = material.totals[name], findings.TOTALS[name]
    return table(
        f"Parameters of the {NAMES[name]}",
        ("", "the report", "this suite", ""),
        [
            (kind.replace("_", "-"), f"{theirs:,}", f"{ours:,}", "the same" if ours == theirs else "differs")
            for kind, theirs, ours in zip(reported._fields, reported, here, strict=True)
        ],
    )


def layers_table(material: Material, name: str) -> Html:
    """Outputs and parameters, layer by layer."""
    layers = material.layers[name]
    rows = []
    for reported in findings.LAYERS[name]:
        here = findings.LayerRow(
            reported.layers,
            layers[reported.layers[-1]][0],
            tuple(layers[each][1] for each in reported.layers),
        )
        texts = [text for row in (reported, here) for text in (_shape(row), _parameters(row))]
        rows.append((" + ".join(here.layers), *texts, "the same" if here == reported else "differs"))
    return table(
        f"Layers of the {NAMES[name]}; outputs as channels, height, width (layers without a name in the "
        "report have no parameters)",
        ("layer", "report: output", "parameters", "here: output", "parameters", ""),
        rows,
    )


def classes_table(name: str, numbers: Mapping[str, Any]) -> Html:
    """What confusion.py measured of each class."""
    return table(
        f"The {NAMES[name]} by class; recall is the accuracy of the class",
        ("class", "faces", "recall", "precision", "F1"),
        [
            (
                each,
                f"{values['faces']:,}",
                percent(values["recall"]),
                percent(values["precision"]),
                f"{values['f1']:.3f}",
            )
            for each, values in numbers["per_class"].items()
        ],
    )


def pairs_table(name: str, numbers: Mapping[str, Any]) -> Html:
    """The most confused pairs of this run, then those of the report that are not among them."""
    rows = []
    for rank, pair in enumerate(numbers["confused_pairs"], start=1):
        names = (pair["first"], pair["second"])
        is_reported = names in findings.CONFUSED_PAIRS
        if rank <= SHOWN_PAIRS or is_reported:
            directions = (str(pair["first_as_second"]), str(pair["second_as_first"]))
            named = "yes" if is_reported else "no"
            rows.append(("-".join(names), str(rank), percent(pair["share"]), named, *directions))
    shown = {row[0] for row in rows}
    rows += [
        ("-".join(pair), "-", percent(0), "yes", "0", "0")
        for pair in findings.CONFUSED_PAIRS
        if "-".join(pair) not in shown
    ]
    return table(
        f"Pairs that the {NAMES[name]} confuses; the share is the mean of both directions",
        ("pair", "rank", "share", "in the report", "first as second", "second as first"),
        rows,
    )


def checks_table(checks: Mapping[str, Any]) -> Html:
    """What --check of saliency.py measured, by the order of the pixels."""
    rows = []
    for order, deletion in checks["deletion"].items():
        correlations = checks["rank_correlation"].get(order)
        last = list(correlations.values())[-1] if correlations else None
        areas = (deletion["area"], checks["insertion"][order]["area"])
        rows.append((order, *(f"{_mean(each):.3f}" for each in areas), f"{_mean(last):.2f}" if last else "-"))
    return table(
        "Deletion and insertion: mean area under the probability as pixels are taken away or put in, "
        "most salient first (good: low, high). Randomised: rank correlation of the map with that of a "
        "network whose layers are all shuffled (good: near 0)",
        ("order of the pixels", "deletion", "insertion", "randomised"),
        rows,
    )


def _shape(row: findings.LayerRow) -> str:
    return ", ".join(f"{size:,}" for size in row.output)


def _parameters(row: findings.LayerRow) -> str:
    return " + ".join(f"{count:,}" for count in row.parameters if count) or "0"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
