"""The numbers measured here, as the page shows them beside the report's."""

import csv
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from analysis.held_out import ALL
from models import CONVOLUTIONAL, builder
from models.run_files import STATE
from models.weights_file import WeightsFile, sidecar_path
from reporting.claims import best_classes, claims, most_confused, salient_regions
from reporting.findings import CONFUSED_PAIRS, LAYERS, SALIENT_PARTS, LayerRow, Totals
from reporting.inputs import Network, files_of, shown_path

SHOWN_PAIRS = 6
RUN_ARGUMENTS = ("data", "recipe", "epochs", "batch_size", "seed", "validation")


def measurements(folder: Path, networks: Mapping[str, Network]) -> dict[str, Any]:
    """All numbers, by the names that page.html.j2 knows them by. Shares are between 0 and 1.

    folder: holds what the commands wrote. networks: as `find_networks` gives them.
    """
    data = _read_json(folder, "confusion")
    kinds = {*LAYERS, *(network.kind for network in networks.values())}
    architectures = {kind: architecture(kind) for kind in sorted(kinds)}
    measured: dict[str, Any] = {}
    for name, network in networks.items():
        numbers = data["networks"][name]
        populations = numbers["populations"]
        compared = data["differences"].get(name)
        # The report's accuracies are of all of Kaggle's test faces.
        population = ALL if ALL in populations else next(iter(populations))
        measured[name] = numbers | {
            "kind": network.kind,
            "parameters": len(network.files) * architectures[network.kind]["totals"].total,
            "runs": [run_facts(file) for file in network.files],
            "comparable": populations[population] | {"population": population},
            "difference": compared and compared["populations"][population],
            "recall_difference": compared and compared["per_class"],
            "best": best_classes(numbers["per_class"]),
            "confused": most_confused(numbers["confused_pairs"]),
            "pairs": shown_pairs(numbers["confused_pairs"]),
        }
    first = next(iter(networks.values()))
    numbers = {
        "architectures": architectures,
        "data": data | {"file": Path(data["data"]).name},
        "networks": measured,
        "explained_weights": first.files[0].name,
        "runs": [run_facts(file) for file in files_of(networks.values())],
        **saliency(folder),
        **(filters(folder) if first.kind in CONVOLUTIONAL else {"filters": None}),
    }
    return numbers | {"claims": claims(numbers)}


def architecture(kind: str) -> dict[str, Any]:
    """A network of this suite: its totals; of one of the report's also its layers, in rows as there."""
    from models.keras_setup import set_up_tensorflow

    set_up_tensorflow()
    from models.summary import layer_table, parameter_totals

    network = builder(kind)(mean=0.0, std=1.0)
    built = {layer: (output, parameters) for layer, output, parameters in layer_table(network)}
    rows = []
    for reported in LAYERS.get(kind, ()):
        names = reported.layers
        here = LayerRow(names, built[names[-1]][0], tuple(built[name][1] for name in names))
        rows.append({"reported": reported, "built": here, "is_same": here == reported})
    return {"layers": rows, "totals": Totals(*parameter_totals(network))}


def run_facts(weights: WeightsFile) -> dict[str, Any]:
    """What is recorded beside the weights, or else the few facts in the weights themselves.

    The record is run.json, or where that is missing, as beside exported weights, their own .json. Files are
    named as the page may name them.
    """
    facts: dict[str, Any] = {"name": weights.name, "weights": shown_path(weights.path.resolve())}
    facts |= {name: weights.description[name] for name in ("epoch", "seed") if name in weights.description}
    run_record = weights.path.parent / STATE
    path = run_record if run_record.is_file() else sidecar_path(weights.path)
    # A weight file may be in any folder, so its record may be missing or written by another program.
    with suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(path.read_text())
        arguments, machine = record["arguments"], record["machine"]
        recorded = {name: arguments[name] for name in RUN_ARGUMENTS}
        if changes := [*arguments.get("set", ()), *(["teachers"] if arguments.get("teacher") else [])]:
            recorded["recipe"] += f" with {', '.join(changes)}"
        # Both may be files, which a run records by their absolute paths.
        recorded |= {name: Path(recorded[name]).name for name in ("data", "validation")}
        facts |= recorded | {
            "training_faces": int(record["training_faces"]),
            "validation_faces": int(record["validation_faces"]),
            "commit": record["commit"],
            "versions": dict(record["versions"]),
            "machine": {name: machine[name] for name in ("processor", "cores", "system")}
            | {"gpus": machine.get("gpus", "")},  # older records name none
        }
    return facts


def shown_pairs(confused: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The most confused pairs, then the report's others.

    rank: by share, from 1; rank_by_faces: by the number of faces. Both are None for a pair never confused.
    """
    by_faces = sorted((pair["faces"] for pair in confused), reverse=True)
    pairs = {
        (pair["first"], pair["second"]): pair
        | {"rank": rank, "rank_by_faces": 1 + by_faces.index(pair["faces"])}
        for rank, pair in enumerate(confused, start=1)
    }
    never = {"rank": None, "rank_by_faces": None, "share": 0.0}
    never |= {"faces": 0, "first_as_second": 0, "second_as_first": 0}
    for first, second in CONFUSED_PAIRS:
        pairs.setdefault((first, second), {"first": first, "second": second} | never)
    return [pairs[key] for key in pairs if key in CONFUSED_PAIRS or pairs[key]["rank"] <= SHOWN_PAIRS]


def saliency(folder: Path) -> dict[str, Any]:
    """The numbers of question 4."""
    maps, mean = _read_json(folder, "saliency"), _read_json(folder, "saliency-mean")["mean"]
    rows = region_ratios(mean)
    checks = maps.get("checks")
    if checks:
        orders = check_rows(checks)
        deletion = {row["order"]: row["deletion"] for row in orders}
        checks = {"rows": orders, "deletion": deletion, "completeness": checks["completeness"]["error"]}
        checks["faces"] = len(maps["checks"]["deletion"]["random"]["area"])
        checks["empty"] = maps["checks"].get("empty_maps", {})
    return {
        "explained": maps["faces"],
        "mean": mean,
        "methods": maps["methods"],
        "regions": {"rows": rows} | salient_regions(rows),
        "checks": checks,
    }


def filters(folder: Path) -> dict[str, Any]:
    """The numbers of question 5, which only a network with convolutions has."""
    pictures, classes = (_read_csv(folder, stem) for stem in ("filters", "classes"))
    return {
        "filters": {"count": len(pictures), "dead": sum(row["dead"] == "1" for row in pictures)},
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


def check_rows(checks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By the order of the pixels: areas, their deviations over faces, and rank correlation or None."""
    rows = []
    for order, deletion in checks["deletion"].items():
        areas = {"deletion": deletion["area"], "insertion": checks["insertion"][order]["area"]}
        by_layer = list(checks["rank_correlation"].get(order, {}).values())
        # The last of these networks has all its layers shuffled. An empty map has no correlation.
        known = [value for value in by_layer[-1] if value is not None] if by_layer else []
        randomised = fmean(known) if known else None
        means = {name: fmean(values) for name, values in areas.items()}
        spreads = {f"{name}_spread": pstdev(values) for name, values in areas.items()}
        rows.append({"order": order, "randomised": randomised} | means | spreads)
    return rows


def _read_json(folder: Path, stem: str) -> dict[str, Any]:
    return json.loads((folder / f"{stem}.json").read_text())


def _read_csv(folder: Path, stem: str) -> list[dict[str, str]]:
    with (folder / f"{stem}.csv").open(newline="") as file:
        return list(csv.DictReader(file))
