"""What the user gives: a folder of CSV files and the weights of the report's networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.locate import FILE_NAMES, find_csv
from models import REPORT_NETWORKS
from models.locate import find_weights
from models.weights_file import WeightsFile, sidecar_path


@dataclass(frozen=True)
class Network:
    """One network to show.

    given: its weights as the user named them. weights: the file found there. history: what curves.py draws
    its training from, or None.
    """

    given: str
    weights: WeightsFile
    history: str | None


def find_networks(paths: Sequence[str]) -> dict[str, Network]:
    """The networks by name, 'cnn' before 'dnn'; one may be missing. Raises InputError.

    paths: run folders, weight files or names of shipped weights, in any order.
    """
    found: dict[str, Network] = {}
    for path in paths:
        weights = find_weights(path)
        name = weights.network
        if name not in REPORT_NETWORKS:
            raise InputError(f"--runs: {path} is a {name}; the report is about a cnn and a dnn")
        if name in found:
            raise InputError(f"--runs: {found[name].given} and {path} are both a {name}; give one")
        found[name] = Network(path, weights, history_of(weights))
    return {name: found[name] for name in REPORT_NETWORKS if name in found}


def history_of(weights: WeightsFile) -> str | None:
    """Where curves.py finds the history of these weights: their run folder, or the sidecar beside them."""
    if (weights.path.parent / "history.csv").is_file():
        return str(weights.path.parent)
    sidecar = sidecar_path(weights.path)
    return str(sidecar) if sidecar.is_file() else None


def find_data(folder: Path, labels: str | None) -> tuple[str, ...]:
    """The options for the data to measure on: PublicTest, labelled test rows, or the CNN's validation split.

    labels: an `id,label` file for the test.csv in `folder`. Raises InputError.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that holds your CSV files")
    wanted = FILE_NAMES["test" if labels else "measure"]
    file = find_csv(folder, wanted)
    if file is None:
        raise InputError(f"{folder}: holds no {' or '.join(wanted)}; give the folder of your CSV files")
    if labels:
        return ("--data", str(file), "--labels", labels)
    # train.csv has no column that says which rows are PublicTest.
    validation = ("--validation", "run") if file.name.startswith("train.csv") else ()
    return ("--data", str(file), *validation)
