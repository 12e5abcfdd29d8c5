"""What the report found, and whether it is confirmed by what was measured here.

The report's layer tables are in layers.csv.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from models import CONVOLUTIONAL, REPORT_NETWORKS

# All parameters, the trainable and the non-trainable ones.
TOTALS = {"cnn": (19_323_463, 19_320_071, 3_392), "dnn": (18_273_543, 18_268_423, 5_120)}
# Shares of Kaggle's test faces, and after how many epochs.
ACCURACY = {"cnn": 0.65, "dnn": 0.32}
EPOCHS = {"cnn": 100, "dnn": 80}
# That of the CNN whose confusions the report shows.
CONFUSION_ACCURACY = 0.55
BEST_CLASSES = ("happy", "surprise")
# In the order of the report; within a pair in that of the classes, as confusion.py names pairs.
CONFUSED_PAIRS = (("angry", "sad"), ("angry", "disgust"), ("fear", "sad"), ("sad", "neutral"))
SALIENT_PARTS = ("mouth", "cheeks")
# The verdict on question 4 is that of the method by gradients that passes the checks best (docs/results.md).
METHOD, REPORT_METHOD = "smoothgrad", "gradient"


class Finding(NamedTuple):
    """One finding of the report, what was measured here, and 'confirmed', 'partly', 'not confirmed', 'open'.

    Open is what a network cannot decide that was trained too briefly, or measured by other labels.
    """

    section: str
    report: str
    here: str
    verdict: str


def verdict(holds: object, partly: object = False) -> str:
    """The verdict on a finding that `holds`, or that holds `partly`."""
    return "confirmed" if holds else "partly" if partly else "not confirmed"


def percent(share: float, decimals: int = 1) -> str:
    """A share as a percentage, which no line break divides."""
    return f"{100 * share:.{decimals}f}\N{NO-BREAK SPACE}%"


def interval(low: float, high: float) -> str:
    """The ends of a 95 % interval in per cent, without the sign."""
    return f"{100 * low:.1f} to {100 * high:.1f}"


def points(difference: Mapping[str, float], scale: float = 100, numbers: str = "+.1f") -> str:
    """A difference with its 95 % interval, which says when it includes 0, by default in percentage points.

    difference: value, low and high. numbers: how they are formatted.
    """
    value, low, high = (format(scale * difference[name], numbers) for name in ("value", "low", "high"))
    chance = ", not significant" if difference["low"] <= 0 <= difference["high"] else ""
    return f"{value} ({low} to {high}{chance})".replace("-", "\N{MINUS SIGN}")


def first(scores: Mapping[str, Any]) -> Any:
    """Of scores by subset those of the faces that are measured in detail."""
    return next(iter(scores.values()))


def share(shares: Mapping[str, float], parts: Sequence[str]) -> float:
    """The share of some parts of the face together."""
    return sum(shares[part] for part in parts)


def density(mean: Mapping[str, Any], method: str, parts: Sequence[str], group: str = "all") -> float:
    """The share of the saliency on parts of the face divided by that of the area: 1 for a uniform map.

    mean: as saliency.py records it. group: a class, or 'all' for all faces.
    """
    return share(mean["saliency"][method][group], parts) / share(mean["area"], parts)


def findings(
    kinds: Mapping[str, str], totals: Mapping[str, Any], records: Mapping[str, Any], epochs: Mapping[str, int]
) -> Iterator[Finding]:
    """The report's findings that these networks allow to check, in its order.

    kinds: name of each network -> its kind, the reference network first. totals: kind -> numbers of
    parameters. records: what the scripts returned. epochs: name -> how many it was trained.
    """
    scores, reference = records["confusion"]["networks"], next(iter(kinds))
    accuracy = {name: first(scores[name]["accuracy"]) for name in kinds}

    def decided(verdict: str, *names: str) -> str:
        """The verdict on accuracies, if these networks are trained enough, and the labels FER2013's."""
        enough = all(
            2 * epochs[each] >= EPOCHS[kinds[each]] or accuracy[each]["value"] >= ACCURACY[kinds[each]]
            for each in names
        )
        return verdict if enough and not records["confusion"]["labelled_by"] else "open"

    for section, kind in zip(("question-1", "question-2"), REPORT_NETWORKS, strict=True):
        names = [name for name in kinds if kinds[name] == kind]
        if names:
            size = f"The {kind.upper()} has {TOTALS[kind][0]:,} parameters"
            yield Finding(section, size, f"{totals[kind][0]:,}", verdict(totals[kind] == TOTALS[kind]))
        for name in names:
            found = _accuracy(section, kind, name, accuracy[name])
            yield found._replace(verdict=decided(found.verdict, name))
            if kind == "dnn" and kinds[reference] == "cnn":
                difference = first(scores[name]["difference"]["accuracy"])
                gap = ACCURACY["dnn"] - ACCURACY["cnn"]
                behind = verdict(difference["value"] <= gap, difference["high"] < 0)
                claim = f"The DNN is {-100 * gap:.0f} points less accurate than the CNN"
                here = f"{name} minus {reference}: {points(difference)} points"
                yield Finding(section, claim, here, decided(behind, name, reference))
    if kinds[reference] in CONVOLUTIONAL:
        enough = 2 * epochs[reference] >= EPOCHS["cnn"] or accuracy[reference]["value"] >= CONFUSION_ACCURACY
        for found in (*_confusions(scores[reference]), _saliency(records["saliency-mean"]["mean"])):
            yield found if enough else found._replace(verdict="open")
        units = records["filters"]["units"]
        dead = sum(unit["dead"] for unit in units)
        live = f"{len(units) - dead} of {len(units)} have one"
        claim = "Each of the 32 filters of conv2d_1 has a picture that activates it"
        holds = verdict(not dead, dead < len(units)) if kinds[reference] == "cnn" else "open"
        yield Finding("question-5", claim, live, holds)


def _accuracy(section: str, kind: str, name: str, score: Mapping[str, float]) -> Finding:
    reported, value, low, high = ACCURACY[kind], score["value"], score["low"], score["high"]
    holds = value >= reported if kind == "cnn" else value <= reported
    claim = f"The {kind.upper()} reaches {'only ' if kind == 'dnn' else ''}{percent(reported, 0)} on Kaggle"
    here = f"{name}: {percent(value)} ({interval(low, high)}) of {score['faces']:,} faces"
    return Finding(section, claim, here, verdict(holds, low <= reported <= high))


def _confusions(scores: Mapping[str, Any]) -> Iterator[Finding]:
    """As many best classes and most confused pairs as the report names, if all of its classes have faces."""
    recall = {name: numbers["recall"] for name, numbers in scores["classes"].items()}
    best = sorted(recall, key=lambda name: -recall[name])[: len(BEST_CLASSES)]
    pairs = [(pair["first"], pair["second"]) for pair in scores["pairs"][: len(CONFUSED_PAIRS)]]
    if recall.keys() >= {*BEST_CLASSES}:
        claim = f"{' and '.join(BEST_CLASSES).capitalize()} are recognised best"
        here = " and ".join(f"{name} ({percent(recall[name])})" for name in best)
        yield Finding("question-3", claim, here, _overlap(best, BEST_CLASSES))
    if recall.keys() >= {name for pair in CONFUSED_PAIRS for name in pair}:
        reported, here = (", ".join("-".join(pair) for pair in each) for each in (CONFUSED_PAIRS, pairs))
        yield Finding("question-3", f"Most confused: {reported}", here, _overlap(pairs, CONFUSED_PAIRS))


def _overlap(here: Sequence[object], reported: Sequence[object]) -> str:
    shared = set(here) & set(reported)
    return verdict(shared == set(reported), shared)


def _saliency(mean: Mapping[str, Any]) -> Finding:
    """Whether mouth and cheeks are more salient than their area, and than every other facial part."""
    named = density(mean, METHOD, SALIENT_PARTS)
    others = {part: density(mean, METHOD, [part]) for part in mean["area"] if part not in SALIENT_PARTS}
    denser = [f"{part} ({value:.2f})" for part, value in others.items() if value > named]
    claim = "The outline of the facial features decides, above all from the mouth to the cheeks"
    here = f"mouth and cheeks are {named:.2f} times as salient as the whole picture"
    here += f"; more salient: {', '.join(denser)}" if denser else ""
    return Finding("question-4", claim, here, verdict(named > 1 and not denser, named > 1))


def trust(checks: Mapping[str, Any], methods: Mapping[str, str]) -> Iterator[str]:
    """What the checks of the maps say, in sentences. checks: as saliency.py records them."""
    differences, orders = checks["differences"], checks["orders"]
    for kind, rival, good in (("insertion", "centre first", 1), ("deletion", "a random order", -1)):
        groups: dict[str, list[str]] = {}
        for name, each in differences.items():
            low, high = sorted(good * each[kind][end] for end in ("low", "high"))
            how = "better than" if low > 0 else "worse than" if high < 0 else "no better than"
            groups.setdefault(how, []).append(methods[name])
        if len(groups) == 1:
            groups = {how: ["every method"] for how in groups}
        parts = [f"{how} {rival}: {', '.join(names)}" for how, names in groups.items()]
        yield f"At {kind}, {'; '.join(parts)}."
    spread = {}
    for kind in ("deletion", "insertion"):
        means = [orders[name][kind] for name in differences]
        spread[kind] = max(means) - min(means), min(orders[name][f"{kind}_sd"] for name in differences)
    size = "small" if all(between < within for between, within in spread.values()) else "not small"
    texts = [f"{between:.3f} beside {within:.3f} at {kind}" for kind, (between, within) in spread.items()]
    yield f"Differences between methods are {size} beside the spread over faces: {' and '.join(texts)}."
