"""The numbers measured here, as the page shows them beside the report's."""

import csv
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from statistics import fmean
from typing import Any

from models import REPORT_NETWORKS, builder
from models.weights_file import WeightsFile, sidecar_path
from reporting.commands import METHOD
from reporting.findings import BEST_CLASSES, CONFUSED_PAIRS, LAYERS, SALIENT_PARTS, LayerRow, Totals
from reporting.inputs import Network

SHOWN_PAIRS = 6
RUN_ARGUMENTS = ("data", "recipe", "epochs", "batch_size", "seed", "validation")


def measurements(folder: Path, networks: Mapping[str, Network]) -> dict[str, Any]:
    """All numbers, by the names that page.html.j2 knows them by. Shares are between 0 and 1.

    folder: holds what the commands wrote. networks: as `find_networks` gives them.
    """
    data = _read_json(folder, "confusion")
    # confusion.py names the networks by their folders, but keeps their order.
    scores = dict(zip(networks, data["networks"].values(), strict=True))
    for numbers in scores.values():
        numbers["best_classes"] = best_classes(numbers["per_class"])
        numbers["pairs"] = shown_pairs(numbers["confused_pairs"])
    return {
        "architectures": {name: architecture(name) for name in REPORT_NETWORKS},
        "runs": {name: run_facts(network.weights) for name, network in networks.items()},
        "data": data,
        "scores": scores,
        **(saliency_and_filters(folder) if "cnn" in networks else {}),
    }


def architecture(name: str) -> dict[str, Any]:
    """A network of this suite in rows like those of the report."""
    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow()
    from models.summary import layer_table, parameter_totals

    network = builder(name)(mean=0.0, std=1.0)
    built = {layer: (output, parameters) for layer, output, parameters in layer_table(network)}
    rows = [
        LayerRow(row.layers, built[row.layers[-1]][0], tuple(built[layer][1] for layer in row.layers))
        for row in LAYERS[name]
    ]
    return {"layers": rows, "totals": Totals(*parameter_totals(network))}


def run_facts(weights: WeightsFile) -> dict[str, Any]:
    """What is recorded beside the weights, or else the few facts in the weights themselves.

    The record is run.json, or where that is missing, as beside exported weights, their own .json.
    """
    facts: dict[str, Any] = {"weights": weights.path}
    facts |= {name: weights.description[name] for name in ("epoch", "seed") if name in weights.description}
    run_record = weights.path.parent / "run.json"
    path = run_record if run_record.is_file() else sidecar_path(weights.path)
    # A weight file may be in any folder, so its record may be missing or written by another program.
    with suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(path.read_text())
        facts |= {name: record["arguments"][name] for name in RUN_ARGUMENTS} | {
            "training_faces": int(record["training_faces"]),
            "validation_faces": int(record["validation_faces"]),
            "commit": record["commit"],
            "versions": dict(record["versions"]),
            "machine": {name: record["machine"][name] for name in ("processor", "cores", "system")},
        }
    return facts


def best_classes(per_class: Mapping[str, Mapping[str, float]]) -> list[tuple[str, float]]:
    """As many classes as the report names, with their recall."""
    recall = {name: numbers["recall"] for name, numbers in per_class.items()}
    # Stable: of equally good classes, the first in the data set's order.
    return sorted(recall.items(), key=lambda item: -item[1])[: len(BEST_CLASSES)]


def shown_pairs(confused: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The most confused pairs, then the report's others. rank: from 1; None for a pair never confused."""
    pairs = {(pair["first"], pair["second"]): pair | {"rank": i} for i, pair in enumerate(confused, start=1)}
    never = {"rank": None, "share": 0.0, "first_as_second": 0, "second_as_first": 0}
    for first, second in CONFUSED_PAIRS:
        pairs.setdefault((first, second), {"first": first, "second": second} | never)
    return [pairs[key] for key in pairs if key in CONFUSED_PAIRS or pairs[key]["rank"] <= SHOWN_PAIRS]


def saliency_and_filters(folder: Path) -> dict[str, Any]:
    """The numbers of questions 4 and 5, which only a CNN has."""
    saliency, mean = _read_json(folder, "saliency"), _read_json(folder, "saliency-mean")["mean"]
    regions = region_ratios(mean)
    filters, classes = (_read_csv(folder, stem) for stem in ("filters", "classes"))
    checks = saliency.get("checks")
    if checks:
        rows = check_rows(checks)
        deletion = {row["order"]: row["deletion"] for row in rows}
        checks = {"rows": rows, "deletion": deletion, "completeness": checks["completeness"]["error"]}
    return {
        "explained": saliency["faces"],
        "mean": mean,
        "methods": saliency["methods"],
        "regions": regions,
        "claim": claim_about_regions(regions),
        "checks": checks,
        "filters": {"count": len(filters), "dead": sum(row["dead"] == "1" for row in filters)},
        # A row is filter, dead, and the activation by step.
        "reached": [(row["filter"], float(list(row.values())[-1])) for row in classes],
    }


def region_ratios(mean: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each region's area, and by method its share of the saliency and the ratio of share to area.

    mean: as saliency.py writes it, of whose groups that of all faces counts. The first row is of all regions
    that the report names.
    """
    area = mean["area"]
    regions = {" and ".join(SALIENT_PARTS): SALIENT_PARTS} | {region: (region,) for region in area}
    rows = []
    for name, parts in regions.items():
        covered = sum(area[part] for part in parts)
        row: dict[str, Any] = {"name": name, "area": covered}
        for method, shares in mean["saliency"].items():
            share = sum(shares["all"][part] for part in parts)
            row[method] = {"share": share, "ratio": share / covered}
        rows.append(row)
    return rows


def claim_about_regions(regions: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether the pixels that decide are above all in the first of `regions`, and which others are denser."""
    ratios = {row["name"]: row[METHOD]["ratio"] for row in regions}
    named, *others = ratios
    denser = [name for name in others if name not in SALIENT_PARTS and ratios[name] > ratios[named]]
    verdict = "confirmed in part" if denser else "confirmed"
    return {"verdict": verdict if ratios[named] > 1 else "not confirmed", "denser": denser}


def check_rows(checks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By the order of the pixels: mean areas of deletion and insertion, and rank correlation or None."""
    rows = []
    for order, deletion in checks["deletion"].items():
        areas = {"deletion": deletion["area"], "insertion": checks["insertion"][order]["area"]}
        # The last of these networks has all its layers shuffled.
        correlations = list(checks["rank_correlation"].get(order, {}).values())[-1:]
        randomised = fmean(correlations[0]) if correlations else None
        means = {name: fmean(values) for name, values in areas.items()}
        rows.append({"order": order, "randomised": randomised} | means)
    return rows


def _read_json(folder: Path, stem: str) -> dict[str, Any]:
    return json.loads((folder / f"{stem}.json").read_text())


def _read_csv(folder: Path, stem: str) -> list[dict[str, str]]:
    with (folder / f"{stem}.csv").open(newline="") as file:
        return list(csv.DictReader(file))
