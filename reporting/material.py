"""What the page is made of: the files that the commands wrote, read once, and the phrases that state them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.weights_file import WeightsFile
from reporting import findings
from reporting.commands import Command, read_numbers
from reporting.page import Html, command, figure

NAMES = {"cnn": "CNN", "dnn": "DNN"}


def percent(share: float, decimals: int = 1) -> str:
    """A share as a percentage."""
    return f"{100 * share:.{decimals}f}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Material:
    """What the page is made of.

    folder: where the commands wrote their files. out: where the files will lie. weights: by network, 'cnn' or
    'dnn'; one may be missing. layers: network -> layer name -> output and parameters. totals: network ->
    parameters. commands: in their order. environment: versions, commit and machine of this report. is_drawn:
    whether the faces are those of `make demo`.
    """

    folder: Path
    out: Path
    weights: Mapping[str, WeightsFile]
    layers: Mapping[str, Mapping[str, tuple[tuple[int, ...], int]]]
    totals: Mapping[str, findings.Totals]
    commands: list[Command]
    environment: Mapping[str, Any]
    is_drawn: bool

    @cached_property
    def confusion(self) -> dict[str, Any]:
        """The numbers of confusion.py."""
        return read_numbers(self.folder, "confusion")

    @cached_property
    def networks(self) -> dict[str, dict[str, Any]]:
        """The same of each network, by 'cnn' and 'dnn'; the script names them by their folders."""
        names = [name for name in NAMES if name in self.weights]
        return dict(zip(names, self.confusion["networks"].values(), strict=True))

    @cached_property
    def mean_saliency(self) -> dict[str, Any]:
        """The shares of saliency per facial part, as saliency.py --mean gave them."""
        return read_numbers(self.folder, "saliency-mean")["mean"]

    def has(self, stem: str) -> bool:
        """Whether there is such a command."""
        return any(each.stem == stem for each in self.commands)

    def command(self, stem: str) -> Html:
        """The command line that wrote the files of this stem."""
        text = next(each.shown(self.out) for each in self.commands if each.stem == stem)
        return command(text, f"command-{stem}")

    def figure(self, stem: str, alternative: str, caption: str) -> Html:
        """A figure with the names of its files in the caption."""
        return figure(self.folder / f"{stem}.png", alternative, f"{caption} ({stem}.png, {stem}.pdf)")

    @property
    def faces(self) -> str:
        """How many faces of what were measured on."""
        part = {"run": "validation", "all": "labelled"}.get(
            self.confusion["validation"], self.confusion["validation"]
        )
        return f"{self.confusion['faces']:,} {part} faces"

    def accuracy(self, name: str) -> str:
        """The accuracy of a network, or that there is none."""
        if name not in self.networks:
            return f"no {NAMES[name]} given"
        return f"{percent(self.networks[name]['accuracy'])} of {self.faces}"

    def best_classes(self, name: str) -> str:
        """As many classes as the report names, by recall."""
        recall = {each: numbers["recall"] for each, numbers in self.networks[name]["per_class"].items()}
        # Stable: of equally good classes, the first in the data set's order.
        best = sorted(recall, key=lambda each: -recall[each])[: len(findings.BEST_CLASSES)]
        return " and ".join(f"{each} ({percent(recall[each])})" for each in best)

    def most_confused(self, name: str) -> str:
        """As many pairs as the report names, the most confused first."""
        pairs = self.networks[name]["confused_pairs"][: len(findings.CONFUSED_PAIRS)]
        return ", ".join(f"{pair['first']}-{pair['second']}" for pair in pairs)

    def mouth_to_cheeks(self) -> str:
        """The report's claim about saliency in numbers, over all faces of the mean map."""
        shares, area = self.mean_saliency["saliency"]["gradient"]["all"], self.mean_saliency["area"]
        share, covered = (sum(values[part] for part in findings.SALIENT_PARTS) for values in (shares, area))
        return (
            f"mouth and cheeks hold {percent(share)} of the saliency on {percent(covered)} of the picture, "
            f"{share / covered:.2f} times their area"
        )

    def filters(self) -> str:
        """How many pictures of filters there are, and how many of dead ones."""
        rows = self.ascent("filters")
        dead = sum(row["dead"] == "1" for row in rows)
        return f"{len(rows)} pictures, {dead} of them of filters that never activate"

    def ascent(self, stem: str) -> list[dict[str, str]]:
        """The rows of filter_viz.py: filter, dead, and the activation by step."""
        with (self.folder / f"{stem}.csv").open(newline="") as file:
            return list(csv.DictReader(file))
