"""The first two sections of the page: the summary, and how all of it was measured."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from models.weights_file import WeightsFile
from reporting import findings
from reporting.material import NAMES, Material, percent
from reporting.page import Html, element, join, paragraph, table


def summary(material: Material) -> Html:
    """The report's number, this run's number and the command, a row each."""
    rows = []
    for name, shown in NAMES.items():
        reported, here = findings.TOTALS[name].total, material.totals[name].total
        rows.append(
            (f"parameters of the {shown}", f"{reported:,}", _same(f"{here:,}", here == reported), name)
        )
        accuracy = f"{percent(findings.ACCURACY[name], 0)} on Kaggle"
        if name == "dnn":
            accuracy += f", {percent(findings.DNN_VALIDATION_ACCURACY, 0)} in validation"
        rows.append((f"accuracy of the {shown}", accuracy, material.accuracy(name), "confusion"))
    first = next(iter(material.networks))
    of = f" ({NAMES[first]})"
    rows += [
        (
            "best classes" + of,
            " and ".join(findings.BEST_CLASSES),
            material.best_classes(first),
            "confusion",
        ),
        (
            "pairs most often confused" + of,
            ", ".join(map("-".join, findings.CONFUSED_PAIRS)),
            material.most_confused(first),
            "confusion",
        ),
        (
            "where the saliency is (CNN)",
            "outline of the features, above all mouth to cheeks",
            material.mouth_to_cheeks() if material.has("saliency-mean") else "no CNN given",
            "saliency-mean",
        ),
        (
            "filters of conv2d_1",
            f"{findings.FILTERS} pictures",
            material.filters() if material.has("filters") else "no CNN given",
            "filters",
        ),
    ]
    return table(
        f"This run was measured on {material.faces}; no network was trained on any of them.",
        ("", "the report", "this run", "made by"),
        [(*texts, _link(material, stem)) for *texts, stem in rows],
        kind="text",
    )


def measured(material: Material) -> Html:
    """Data, settings and environment of the runs and of this page."""
    held = material.confusion
    lines = [f"Faces to measure on: {material.faces} of {held['data']}."]
    if held["seen"]:
        lines.append(
            f"{held['seen']:,} more were left out, because exact copies of their images were trained on."
        )
    columns = {name: _run_facts(weights) for name, weights in material.weights.items()}
    validations = [column.get("validation", "").split(" ")[0] for column in columns.values()]
    if held["validation"] in ("run", *validations):
        lines.append(
            "The best epoch of a run was chosen by these same faces, so its accuracy on new ones will be a "
            "little lower."
        )
    facts = list(dict.fromkeys(fact for column in columns.values() for fact in column))
    here = material.environment
    return join(
        [
            paragraph(*lines),
            table(
                "How the networks were trained",
                ("", *(NAMES[name] for name in columns)),
                [
                    (fact, *(column.get(fact, "not recorded") for column in columns.values()))
                    for fact in facts
                ],
                kind="text",
            ),
            *(
                paragraph(f"No weights of a {shown} were given, so its measurements are missing here.")
                for name, shown in NAMES.items()
                if name not in material.weights
            ),
            paragraph(
                f"This page was made by commit {here['commit']} with {_versions(here)} on {_machine(here)}."
            ),
        ]
    )


def _same(text: str, is_same: bool) -> str:
    return f"{text} ({'the same' if is_same else 'differs'})"


def _link(material: Material, stem: str) -> str:
    scripts = {each.stem: each.script for each in material.commands} | dict.fromkeys(NAMES, "models.summary")
    return element("a", scripts[stem], href=f"#command-{stem}") if stem in scripts else "-"


def _run_facts(weights: WeightsFile) -> dict[str, str]:
    """What run.json beside the weights tells, else the little that the weights themselves do."""
    facts = {"weights": str(weights.path)}
    for name, label in (("epoch", "epoch of these weights"), ("seed", "seed")):
        if name in weights.description:
            facts[label] = str(weights.description[name])
    # A weight file may lie anywhere, so its run.json may be missing or some other program's.
    with suppress(OSError, ValueError, KeyError):
        record = json.loads((weights.path.parent / "run.json").read_text())
        arguments = record["arguments"]
        facts |= {
            "seed": str(arguments["seed"]),
            "recipe": arguments["recipe"],
            "epochs": str(arguments["epochs"]),
            "batch size": str(arguments["batch_size"]),
            "data": arguments["data"],
            "training faces": f"{record['training_faces']:,}",
            "validation": f"{arguments['validation']} ({record['validation_faces']:,} faces)",
            "commit": record["commit"],
            "versions": _versions(record),
            "machine": _machine(record),
        }
    return facts


def _versions(record: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in record["versions"].items())


def _machine(record: Mapping[str, Any]) -> str:
    machine = record["machine"]
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"
