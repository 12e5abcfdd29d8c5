"""The page: page.html.j2, filled with what the scripts recorded and drew."""

import base64
import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.attribution import METHODS
from analysis.metrics import subset_text
from models import REPORT_NETWORKS, builder
from models.weights import RUN, Weights, metadata_path
from reporting import findings

FOLDER = Path(__file__).parent
# Figures have 150 dots per inch, a browser's inch 96 pixels.
PIXELS_PER_DOT = 96 / 150


def render_page(
    folder: Path,
    networks: Mapping[str, Sequence[Weights]],
    records: Mapping[str, Any],
    commands: Mapping[str, str],
    is_drawn: bool,
) -> str:
    """The page as one HTML text, which needs no other file.

    folder: where the figures are. networks: by name, the reference network first. records: what the scripts
    returned, and commands: what to type for it, both by the stem of the figure. is_drawn: whether the faces
    are those of `make demo`.
    """
    jinja = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.filters |= {"percent": findings.percent, "thousands": "{:,}".format}
    kinds = {name: group[0].network for name, group in networks.items()}
    totals = {kind: built(kind)[1] for kind in {*REPORT_NETWORKS, *kinds.values()}}
    # An ensemble may share a network with another one.
    recorded = {each.path: training(each) for group in networks.values() for each in group}.values()
    confusion, area = records["confusion"], records["saliency-mean"]["mean"]["area"]
    faces = "faces" if confusion["usage"] == "all" else f"{confusion['usage']} faces"
    return jinja.get_template("page.html.j2").render(
        networks=networks,
        kinds=kinds,
        totals=totals,
        records=records,
        commands=commands,
        is_drawn=is_drawn,
        layers={kind: list(compared_layers(kind, built(kind)[0])) for kind in REPORT_NETWORKS},
        subsets={name: subset_text(name, count, faces) for name, count in confusion["faces"].items()},
        trainings=[facts(record) for record in recorded],
        # Validation faces are rows of PublicTest, or a part of train.csv.
        chosen_here=confusion["usage"] != "PrivateTest",
        findings=list(findings.findings(kinds, totals, records)),
        parts={"mouth and cheeks": findings.SALIENT_PARTS} | {part: [part] for part in area},
        methods=METHODS,
        paper=findings,
        picture=partial(picture, folder),
    )


@cache
def built(kind: str) -> tuple[list[tuple[str, tuple[int, ...], int]], tuple[int, int, int]]:
    """The layer table and the numbers of parameters of a network, as models.summary gives them."""
    from models.summary import layer_table, parameter_totals  # here, because it imports Keras

    network = builder(kind)(0.0, 1.0)
    return layer_table(network), parameter_totals(network)


def compared_layers(kind: str, table: Iterable[tuple[str, tuple[int, ...], int]]) -> Iterator[dict[str, str]]:
    """The rows of the report's layer table, each with what is `here`. table: as models.summary gives it."""
    here = {name: (output, parameters) for name, output, parameters in table}
    for row in csv.DictReader((FOLDER / "layers.csv").read_text().splitlines()):
        if row["network"] == kind:
            layers = [here[name] for name in row["layers"].split(" + ")]
            output = ", ".join(f"{size:,}" for size in layers[-1][0])
            parameters = " + ".join(f"{count:,}" for _, count in layers if count) or "0"
            is_same = (output, parameters) == (row["output"], row["parameters"])
            yield row | {"here": "the same" if is_same else f"{output}: {parameters}"}


def training(weights: Weights) -> dict[str, Any]:
    """What is recorded of a training: in its run folder, else beside exported weights, else in the file."""
    files = (weights.path.with_name(RUN), metadata_path(weights.path))
    record: dict[str, Any] = next((json.loads(file.read_bytes()) for file in files if file.is_file()), {})
    return record | weights.metadata | {"weights": weights.name}


def facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """The column of a network in the table of trainings, without what is not recorded."""
    known = {name: record[name] for name in ("weights", "network", "seed") if name in record}
    if "arguments" not in record:
        return known
    arguments, machine = record["arguments"], record["machine"]
    changes = [*arguments["set"], *(["teachers"] if arguments["teacher"] else [])]
    return known | {
        "epochs": arguments["epochs"],
        "epoch used": record["epoch"],
        "recipe": arguments["recipe"] + (f" with {', '.join(changes)}" if changes else ""),
        # Both may be files, which a run records by their absolute paths.
        "trained on": f"{record['training_faces']:,} faces of {Path(arguments['data']).name}",
        "validation": f"{Path(arguments['validation']).name}, {record['validation_faces']:,} faces",
        "machine": f"{machine.get('gpus') or machine['processor']}, {machine['cores']} cores",
        "commit": record["commit"],
    }


def picture(folder: Path, stem: str) -> tuple[str, int]:
    """A PNG in base64, and its natural width in a browser's pixels."""
    content = (folder / f"{stem}.png").read_bytes()
    # Bytes 16 to 19 of a PNG are its width in dots.
    width = round(PIXELS_PER_DOT * int.from_bytes(content[16:20], "big"))
    return base64.b64encode(content).decode(), width
