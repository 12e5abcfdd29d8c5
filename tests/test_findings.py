"""The verdicts on the report's findings, from numbers made by hand."""

import csv
from pathlib import Path

import pytest

from analysis.attribution import METHODS
from data import CLASS_NAMES
from reporting import findings
from reporting.findings import TOTALS

REPORTED = list(findings.CONFUSED_PAIRS)


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def checked(
    kinds=("cnn", "dnn"), cnn=0.7, dnn=0.3, recall=(0.9, 0.4, 0.8), pairs=(), nose=0.1, dead=0, **run
):
    """The findings of these numbers. recall: of happy, fear and surprise. nose: its share of the saliency.

    run: epochs and labelled_by."""
    recalls = dict.fromkeys(CLASS_NAMES, 0.1) | dict(zip(("happy", "fear", "surprise"), recall, strict=True))
    detailed = {
        "classes": {name: {"recall": value} for name, value in recalls.items()},
        "pairs": [{"first": first, "second": second} for first, second in pairs],
    }
    accuracy = {"without_duplicates": score(cnn) | {"faces": 3294}, "all": score(0.1) | {"faces": 3589}}
    networks = {
        "cnn": detailed | {"accuracy": accuracy},
        "dnn": detailed
        | {"accuracy": {"all": score(dnn) | {"faces": 3589}}}
        | {"difference": {"accuracy": {"all": score(dnn - cnn)}}},
    }
    area = {"nose": 0.1, "mouth": 0.1, "cheeks": 0.2, "outside": 0.6}
    shares = {"nose": nose, "mouth": 0.2, "cheeks": 0.2, "outside": 0.6 - nose}
    records = {
        "confusion": {"networks": networks, "labelled_by": run.get("labelled_by", "")},
        "saliency-mean": {"mean": {"area": area, "saliency": {"smoothgrad": {"all": shares}}}},
        "filters": {"units": [{"dead": number < dead} for number in range(32)]},
    }
    epochs = dict.fromkeys(kinds, run.get("epochs", 50))
    return list(findings.findings({kind: kind for kind in kinds}, TOTALS, records, epochs))


@pytest.mark.parametrize(
    ("claim", "numbers", "verdict", "here"),
    [
        ("The CNN reaches 65", {"cnn": 0.65}, "confirmed", "65.0 % (63.0 to 67.0) of 3,294 faces"),
        ("The CNN reaches 65", {"cnn": 0.64}, "partly", "cnn: 64.0"),
        ("The CNN reaches 65", {"cnn": 0.62}, "not confirmed", "cnn: 62.0"),
        ("The DNN reaches only 32", {"dnn": 0.32}, "confirmed", "dnn: 32.0"),
        ("The DNN reaches only 32", {"dnn": 0.33}, "partly", "dnn: 33.0"),
        ("The DNN reaches only 32", {"dnn": 0.35}, "not confirmed", "dnn: 35.0"),
        # Too short a training confirms nothing, unless it is as accurate as the report's.
        ("The CNN reaches 65", {"cnn": 0.62, "epochs": 49}, "open", "cnn: 62.0"),
        ("The CNN reaches 65", {"cnn": 0.65, "epochs": 1}, "confirmed", "cnn: 65.0"),
        ("The CNN reaches 65", {"labelled_by": "FER+"}, "open", "cnn: 70.0"),
        ("The DNN reaches only 32", {"dnn": 0.25, "epochs": 39}, "open", "dnn: 25.0"),
        ("The DNN reaches only 32", {"dnn": 0.25, "epochs": 40}, "confirmed", "dnn: 25.0"),
        ("33 points less", {"dnn": 0.25, "epochs": 4}, "open", "-45.0"),
        ("recognised best", {"cnn": 0.25, "epochs": 4}, "open", "happy"),
        ("33 points less", {"dnn": 0.3}, "confirmed", "dnn minus cnn: -40.0 (-42.0 to -38.0)"),
        ("33 points less", {"dnn": 0.5}, "partly", "-20.0"),
        ("33 points less", {"dnn": 0.69}, "not confirmed", "-1.0 (-3.0 to +1.0, not significant)"),
        ("recognised best", {}, "confirmed", "happy (90.0 %) and surprise (80.0 %)"),
        ("recognised best", {"recall": (0.9, 0.8, 0.4)}, "partly", "happy (90.0 %) and fear"),
        ("Most confused", {"pairs": REPORTED[::-1]}, "confirmed", "sad-neutral, fear-sad"),
        ("Most confused", {"pairs": [("sad", "happy"), *REPORTED]}, "partly", "sad-happy"),
        ("Most confused", {"pairs": [("sad", "happy")] * 4 + REPORTED}, "not confirmed", "sad-happy"),
        ("mouth to the cheeks", {}, "confirmed", "mouth and cheeks are 1.33 times"),
        ("mouth to the cheeks", {"nose": 0.3}, "partly", "more salient: nose (3.00)"),
        ("32 filters", {}, "confirmed", "32 of 32"),
        ("32 filters", {"dead": 1}, "partly", "31 of 32"),
        ("32 filters", {"dead": 32}, "not confirmed", "0 of 32"),
    ],
)
def test_each_finding_is_decided_by_its_number(claim, numbers, verdict, here):
    [finding] = [each for each in checked(**numbers) if claim in each.report]
    assert finding.verdict == verdict
    text = finding.here.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
    assert here in text


def test_a_dense_network_alone_cannot_confirm_what_was_found_with_a_cnn():
    found = [each.report for each in checked(kinds=["dnn"])]
    assert len(found) == 2, "the number of parameters and an accuracy"
    assert all("parameters" in report or "only 32" in report for report in found)


def test_the_layer_tables_add_up_to_the_totals():
    rows = list(csv.DictReader(Path(findings.__file__).with_name("layers.csv").read_text().splitlines()))
    for kind, (total, trainable, non_trainable) in TOTALS.items():
        counts = [row["parameters"] for row in rows if row["network"] == kind]
        assert sum(int(each.replace(",", "")) for count in counts for each in count.split(" + ")) == total
        assert trainable + non_trainable == total


def test_what_the_checks_of_the_maps_say_follows_from_paired_intervals():
    good, bad, same = ({"low": low, "high": low + 0.2} for low in (-0.3, 0.1, -0.1))
    changes = {"gradient": (good, good), "smoothgrad": (good, bad), "gradcam": (same, same)}
    differences = {
        name: dict(zip(("deletion", "insertion"), each, strict=True)) for name, each in changes.items()
    }
    spread = {"deletion_sd": 0.1, "insertion_sd": 0.2, "insertion": 0.5}
    orders = {name: spread | {"deletion": 0.1 * index} for index, name in enumerate(differences)}
    insertion, deletion, size = findings.trust({"differences": differences, "orders": orders}, METHODS)
    assert insertion == (
        "At insertion, worse than centre first: gradient; better than centre first: SmoothGrad; "
        "no better than centre first: Grad-CAM."
    )
    assert deletion.endswith(
        "better than a random order: gradient, SmoothGrad; no better than a random order: Grad-CAM."
    )
    assert size.startswith(
        "Differences between methods are not small beside the spread over faces: 0.200 beside 0.100"
    )
