"""Whether what was measured confirms the report: one verdict per finding, from the numbers that decide."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from models import CONVOLUTIONAL, REPORT_NETWORKS
from reporting.commands import METHOD
from reporting.findings import ACCURACY, BEST_CLASSES, CONFUSED_PAIRS, SALIENT_PARTS, TOTALS


class Verdict(StrEnum):
    """How far a finding of the report holds here."""

    CONFIRMED = "confirmed"
    IN_PART = "in part"
    NOT = "not"


class Claim(NamedTuple):
    """One finding of the report and what became of it.

    finding: parameters, accuracy, gap, best_classes, confused_pairs, salient_regions or filters. network: the
    name of the one that it was measured on, of 'parameters' the kind; None where no such network was given.
    verdict: None where it was not measured.
    """

    finding: str
    network: str | None
    verdict: Verdict | None


def claims(measured: Mapping[str, Any]) -> list[Claim]:
    """The findings in the order of the report; one of the CNN or the DNN for each such network.

    measured: see measurements(), of whose networks the first counts for questions 3 to 5.
    """
    networks, found = measured["networks"], []
    first = next(iter(networks))
    names = {kind: [name for name in networks if networks[name]["kind"] == kind] for kind in REPORT_NETWORKS}
    for kind in REPORT_NETWORKS:
        built = measured["architectures"][kind]["totals"]
        found.append(Claim("parameters", kind, equal(built, TOTALS[kind])))
        judge = {"cnn": reaches, "dnn": stays_below}[kind]
        found += [
            Claim("accuracy", name, judge(networks[name]["comparable"], ACCURACY[kind]))
            for name in names[kind]
        ] or [Claim(f"accuracy_{kind}", None, None)]
    is_cnn = networks[first]["kind"] == "cnn"
    compared = names["dnn"] if is_cnn else []
    found += [Claim("gap", name, dense_is_worse(networks[name]["difference"])) for name in compared] or [
        Claim("gap", None, None)
    ]
    verdicts = {
        "best_classes": networks[first]["best"]["verdict"],
        "confused_pairs": networks[first]["confused"]["verdict"],
        "salient_regions": measured["regions"]["verdict"],
        "filters": measured["filters"] and live_filters(**measured["filters"]),
    }
    # The report found these with a CNN, so a dense network can neither confirm nor refute them.
    is_convolutional = networks[first]["kind"] in CONVOLUTIONAL
    return found + [
        Claim(finding, first, verdict) if is_convolutional else Claim(finding, None, None)
        for finding, verdict in verdicts.items()
    ]


def equal(here: object, reported: object) -> Verdict:
    """For numbers that are exact."""
    return Verdict.CONFIRMED if here == reported else Verdict.NOT


def reaches(measured: Mapping[str, float], reported: float) -> Verdict:
    """Whether an accuracy is as high as the report's; in part if only its interval reaches that far.

    measured: accuracy, accuracy_low and accuracy_high, as confusion.py writes them.
    """
    if measured["accuracy"] >= reported:
        return Verdict.CONFIRMED
    return Verdict.IN_PART if measured["accuracy_high"] >= reported else Verdict.NOT


def stays_below(measured: Mapping[str, float], reported: float) -> Verdict:
    """Whether an accuracy is as low as the report's; in part if only its interval reaches that far."""
    if measured["accuracy"] <= reported:
        return Verdict.CONFIRMED
    return Verdict.IN_PART if measured["accuracy_low"] <= reported else Verdict.NOT


def dense_is_worse(difference: Mapping[str, float]) -> Verdict:
    """Whether a DNN falls as far behind the CNN as in the report; in part where it falls behind by less.

    difference: DNN minus CNN, with the keys of `reaches`. Within chance is not behind.
    """
    if difference["accuracy_high"] >= 0:
        return Verdict.NOT
    as_far = stays_below(difference, ACCURACY["dnn"] - ACCURACY["cnn"])
    return Verdict.IN_PART if as_far is Verdict.NOT else as_far


def best_classes(per_class: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """As many classes as the report names, the best first, with their recall, and whether they are its."""
    recall = {name: numbers["recall"] for name, numbers in per_class.items()}
    # Stable: of equally good classes, the first in the data set's order.
    best = sorted(recall.items(), key=lambda item: -item[1])[: len(BEST_CLASSES)]
    return {"classes": best, "verdict": _overlap([name for name, _ in best], BEST_CLASSES)}


def most_confused(pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """As many pairs as the report names, the most confused first, and how many of them are the report's.

    pairs: as confusion.py ranks them.
    """
    here = pairs[: len(CONFUSED_PAIRS)]
    names = [(pair["first"], pair["second"]) for pair in here]
    return {
        "pairs": here,
        "shared": len(set(names) & set(CONFUSED_PAIRS)),
        "verdict": _overlap(names, CONFUSED_PAIRS),
    }


def salient_regions(regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whether the pixels that decide are above all in the first of `regions`, and which others are denser."""
    ratios = {row["name"]: row[METHOD]["ratio"] for row in regions}
    named, *others = ratios
    denser = [name for name in others if name not in SALIENT_PARTS and ratios[name] > ratios[named]]
    verdict = Verdict.IN_PART if denser else Verdict.CONFIRMED
    return {"verdict": verdict if ratios[named] > 1 else Verdict.NOT, "denser": denser}


def live_filters(count: int, dead: int) -> Verdict:
    """Whether every filter has a picture that activates it."""
    if not dead:
        return Verdict.CONFIRMED
    return Verdict.IN_PART if dead < count else Verdict.NOT


def _overlap(here: Sequence[object], reported: Sequence[object]) -> Verdict:
    shared = len(set(here) & set(reported))
    if shared == len(reported):
        return Verdict.CONFIRMED
    return Verdict.IN_PART if shared else Verdict.NOT
