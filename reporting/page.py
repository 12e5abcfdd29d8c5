"""The page: page.html.j2, filled with what the scripts recorded and drew."""

import base64
import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.attribution import METHODS
from analysis.metrics import subset_text
from analysis.trainings import is_distilled, read_training, soft_targets
from data import CLASS_NAMES
from models import builder
from models.weights import Weights
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
    totals = {kind: built(kind)[1] for kind in kinds.values()}
    # An ensemble may share a network with another one.
    recorded = {each.path: training(each) for group in networks.values() for each in group}
    groups = {name: [recorded[each.path] for each in group] for name, group in networks.items()}
    epochs = {name: min(map(epochs_of, group)) for name, group in groups.items()}
    trainings = [facts(record) for record in recorded.values()]
    confusion, area = records["confusion"], records["saliency-mean"]["mean"]["area"]
    with_faces, checks = confusion["networks"][next(iter(kinds))]["classes"], records["saliency"]["checks"]
    faces = "faces" if confusion["usage"] == "all" else f"{confusion['usage']} faces"
    faces += f" labelled by {confusion['labelled_by']}" * bool(confusion["labelled_by"])
    return jinja.get_template("page.html.j2").render(
        networks=networks,
        kinds=kinds,
        totals=totals,
        records=records,
        commands=commands,
        is_drawn=is_drawn,
        layers={kind: compared_layers(kind, built(kind)[0]) for kind in totals},
        subsets={name: subset_text(name, count, faces) for name, count in confusion["faces"].items()},
        trainings=trainings,
        facts=[fact for fact in max(trainings, key=len) if fact != "weights"],
        trained={name: summary(group, epochs[name]) for name, group in groups.items()},
        absent=[name for name in CLASS_NAMES if name not in with_faces],
        # Validation faces are rows of PublicTest, or a part of train.csv.
        chosen_here=confusion["usage"] != "PrivateTest",
        findings=list(findings.findings(kinds, totals, records, epochs)),
        trust=list(findings.trust(checks, METHODS)) if checks else [],
        parts={"mouth and cheeks": findings.SALIENT_PARTS} | {part: [part] for part in area},
        methods=METHODS,
        paper=findings,
        picture=partial(picture, folder),
    )


@cache
def built(kind: str) -> tuple[list[tuple[str, tuple[int, ...], int]], tuple[int, int, int]]:
    """The layer table and the numbers of parameters of a network, as the report gives them."""
    network = builder(kind)(0.0, 1.0)
    return layer_table(network), parameter_totals(network)


def layer_table(network: Any) -> list[tuple[str, tuple[int, ...], int]]:
    """Each layer's name, output shape and parameters of a keras.Model; maps as (channels, height, width)."""
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers]
    report_order = [(shape[2], *shape[:2]) if len(shape) == 3 else shape for shape in shapes]
    rows = zip(network.layers, report_order, strict=True)
    return [(layer.name, shape, layer.count_params()) for layer, shape in rows]


def parameter_totals(network: Any) -> tuple[int, int, int]:
    """All parameters, the trainable and the non-trainable ones."""
    total = network.count_params()
    trainable = sum(math.prod(weight.shape) for weight in network.trainable_weights)
    return total, trainable, total - trainable


def compared_layers(kind: str, table: Iterable[tuple[str, tuple[int, ...], int]]) -> list[tuple[str, ...]]:
    """Name, output and parameters of a network's layers, and whether the report says the same, if anything.

    table: that of layer_table().
    """
    rows = csv.DictReader((FOLDER / "layers.csv").read_text().splitlines())
    reported = {row["layer"]: (row["output"], row["parameters"]) for row in rows if row["network"] == kind}
    layers: list[tuple[str, ...]] = []
    for name, shape, count in table:
        here, there = (", ".join(f"{size:,}" for size in shape), f"{count:,}"), reported.get(name, ())
        layers.append((name, *here, "the same" if there == here else ": ".join(there)))
    return layers


def training(weights: Weights) -> dict[str, Any]:
    """What is recorded of a training, beside the weights and in them."""
    return read_training(weights.path) | weights.metadata | {"weights": weights.name}


def epochs_of(record: Mapping[str, Any]) -> int:
    """How many epochs a network was trained, at least: weights alone name the one that they are of."""
    return len(record["history"]) or record.get("epoch", 0)


def summary(records: Sequence[Mapping[str, Any]], epochs: int) -> str:
    """How the networks of an ensemble were trained, such as 'distilled, 30 epochs on 28,709 faces'."""
    faces = min(record.get("training_faces", 0) for record in records)
    trained = f"{epochs} epoch{'s' * (epochs != 1)}" + f" on {faces:,} faces" * bool(faces)
    several = f"{len(records)} networks, " * (len(records) > 1)
    return several + "distilled, " * any(is_distilled(each) for each in records) + trained


def facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """The column of a network in the table of trainings, without what is not recorded."""
    known = {name: record[name] for name in ("weights", "network") if name in record}
    if "arguments" not in record or not record["history"]:
        return known
    arguments, recipe, machine = record["arguments"], record["recipe"], record["machine"]
    share, rate = recipe["teacher_share"] * is_distilled(record), f"{recipe['learning_rate']:g}"
    fall = "straight line" if recipe.get("schedule") == "linear" else "cosine"
    warmup = f"up to {rate} over {findings.percent(recipe['warmup'], 0)} of the steps, then a {fall} to 0"
    blocks = recipe["block_dropout"]
    last, minutes = record["history"][-1], sum(row["seconds"] for row in record["history"]) / 60
    splits = {"training": "", "validation": "val_"} if "val_loss" in last else {"training": ""}
    losses = [f"{split} {last[f'{prefix}loss']:.3f}" for split, prefix in splits.items()]
    shares = [f"{split} {findings.percent(last[f'{prefix}accuracy'])}" for split, prefix in splits.items()]
    return known | {
        # Both may be files, which a run records by their absolute paths.
        "trained on": f"{record['training_faces']:,} faces of {Path(arguments['data']).name}",
        "validated on": f"{record['validation_faces']:,} faces ({Path(arguments['validation']).name})",
        "predictions of other networks": f"{findings.percent(share, 0)} of the targets" if share else "none",
        "label smoothing": f"{recipe['label_smoothing']:g}",
        "optimiser": f"{recipe['optimizer']}, weight decay {recipe['weight_decay']:g}",
        "learning rate": warmup if recipe["warmup"] or fall != "cosine" else f"{rate}, constant",
        "dropout": f"{recipe['dropout']:g}" + f", after blocks {blocks:g}" * bool(blocks),
        "augmentation": ", ".join(augmentation(recipe)) or "none",
        "epochs": f"{epochs_of(record)}, batches of {arguments['batch_size']}; used: {record['epoch']}",
        "time": f"{minutes:.1f} min, {machine.get('gpus') or machine['processor']}, {machine['cores']} cores",
        "final losses": "; ".join(filter(None, [", ".join(losses), soft_targets(record)])),
        "final accuracies": ", ".join(shares),
        "recipe": " ".join([arguments["recipe"], *["--set"] * bool(arguments["set"]), *arguments["set"]]),
        "seed": record["seed"],
        "commit": record["commit"][:12] + record["commit"][40:],
    }


def augmentation(recipe: Mapping[str, Any]) -> Iterator[str]:
    """What is changed in the faces of a training, in words."""
    values = recipe["augmentation"]
    if values["rotation"]:
        yield f"rotation up to {values['rotation']:g} degrees"
    for name in ("shift", "zoom", "aspect", "brightness", "contrast", "erase"):
        if values[name]:
            yield f"{name} up to {findings.percent(values[name])}"
    if values["flip"]:
        yield "mirrored in every other epoch" if values["alternate"] else "mirrored at random"
    yield from [f"{findings.percent(values['jpeg'], 0)} stored as JPEG"] * bool(values.get("jpeg"))
    if recipe["mixup"]:
        yield f"mixup {recipe['mixup']:g}"


def picture(folder: Path, stem: str) -> tuple[str, int]:
    """A PNG in base64, and its natural width in a browser's pixels."""
    content = (folder / f"{stem}.png").read_bytes()
    # Bytes 16 to 19 of a PNG are its width in dots.
    width = round(PIXELS_PER_DOT * int.from_bytes(content[16:20], "big"))
    return base64.b64encode(content).decode(), width
