"""The calls of this suite's scripts that draw the report's figures and write their numbers."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.locate import find_csv
from training.environment import PROJECT

FORMATS = (".png", ".pdf")
# What question 3 draws of the faces that were got most wrong.
WORST_FACES = 16


@dataclass(frozen=True)
class Effort:
    """How much is computed.

    steps: of each ascent. mean: faces per class of the mean saliency maps. saliency: more options of
    the maps of single faces.
    """

    steps: int
    mean: int
    saliency: tuple[str, ...]


FULL = Effort(steps=200, mean=100, saliency=("--method", "all", "--check"))
QUICK = Effort(steps=20, mean=10, saliency=())


@dataclass(frozen=True)
class Command:
    """One call of a script, without its --out. stem: of the files that it writes."""

    stem: str
    script: str
    arguments: tuple[str, ...]

    def shown(self, folder: Path) -> str:
        """What to type to get the same files in `folder`."""
        return shlex.join(["python", self.script, *self.arguments, "--out", *self._files(folder)])

    def run(self, folder: Path) -> None:
        """Write the files into `folder`. Raises InputError with the script's own line."""
        program = [sys.executable, str(PROJECT / self.script)]
        run = subprocess.run(
            [*program, *self.arguments, "--out", *self._files(folder)], capture_output=True, text=True
        )
        if run.returncode == 130:
            raise KeyboardInterrupt
        if run.returncode:
            lines = run.stderr.strip().splitlines() or [f"ended with exit code {run.returncode}"]
            raise InputError(f"{self.script}: {lines[-1].removeprefix('error: ')}")

    def _files(self, folder: Path) -> list[str]:
        return [str(folder / (self.stem + ending)) for ending in FORMATS]


def find_faces(folder: Path, labels: str | None) -> tuple[str, ...]:
    """The options that name the faces to measure on: PublicTest, labelled test rows, or the CNN's own split.

    labels: an `id,label` file for the test.csv in `folder`. Raises InputError.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that holds your CSV files")
    wanted = ("test.csv",) if labels else ("fer2013.csv", "icml_face_data.csv", "train.csv")
    if file := find_csv(folder, wanted):
        if labels:
            return ("--data", str(file), "--labels", labels)
        is_split_by_usage = not file.name.startswith("train.csv")
        return ("--data", str(file)) if is_split_by_usage else ("--data", str(file), "--validation", "run")
    raise InputError(f"{folder}: holds no {' or '.join(wanted)}; give the folder of your CSV files")


def plan(
    weights: Mapping[str, str], runs: Sequence[str], faces: Sequence[str], effort: Effort
) -> list[Command]:
    """The commands for the networks at hand.

    weights: 'cnn' or 'dnn' -> run folder or weight file. runs: those with a history. faces: of `find_faces`.
    """
    commands = []
    if runs:
        commands.append(Command("curves", "curves.py", tuple(runs)))
    first, *second = (weights[name] for name in ("cnn", "dnn") if name in weights)
    versus = ["--versus", *second] if second else []
    commands.append(
        Command(
            "confusion",
            "confusion.py",
            (*faces, "--weights", first, *versus, "--worst", str(WORST_FACES)),
        )
    )
    if "cnn" not in weights:
        return commands
    network = ("--weights", weights["cnn"])
    ascent = ("--steps", str(effort.steps))
    return [
        *commands,
        Command("saliency", "saliency.py", (*faces, *network, *effort.saliency)),
        Command("saliency-mean", "saliency.py", (*faces, *network, "--mean", str(effort.mean))),
        # The face that the filters answer to is chosen without its label.
        Command("filters", "filter_viz.py", (*faces[:2], *network, *ascent)),
        Command(
            "classes",
            "filter_viz.py",
            (*faces[:2], *network, "--layer", "dense_2", "--preset", "natural", *ascent),
        ),
    ]


def read_numbers(folder: Path, stem: str) -> dict[str, Any]:
    """What a script wrote beside its figure as JSON."""
    return json.loads((folder / f"{stem}.json").read_text())
