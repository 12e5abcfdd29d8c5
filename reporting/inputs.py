"""The user's input: a folder of CSV files or pictures, and the weights of the networks to show."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis import compared_networks
from data.cache import read_cached
from data.errors import InputError
from data.locate import FILE_NAMES, find_csv
from models.run_files import HISTORY
from models.weights_file import WeightsFile, sidecar_path
from training.environment import PROJECT
from training.run_folder import RunFolder
from training.training_data import is_fraction


@dataclass(frozen=True)
class Network:
    """One network to show, or an ensemble.

    given: its weights as the user named them. files: the weight files found there, whose probabilities are
    averaged.
    """

    given: str
    files: tuple[WeightsFile, ...]

    @property
    def kind(self) -> str:
        """One of NETWORK_NAMES; of an ensemble that of its first network."""
        return self.files[0].network

    @property
    def single(self) -> str:
        """Its weights for scripts that take one network; of an ensemble those of its first."""
        return self.given if len(self.files) == 1 else str(self.files[0].path)


def find_networks(paths: Sequence[str]) -> dict[str, Network]:
    """The networks by the names that figures give them. Raises InputError.

    The report's CNN comes before other convolutional networks, and these come before dense ones: the others
    are compared with the first, and questions 3 to 5 are about it.
    paths: run folders, weight files or names of shipped weights.
    """
    found = compared_networks.find_networks(*([path] for path in paths))
    networks = {
        name: Network(path, tuple(files)) for path, (name, files) in zip(paths, found.items(), strict=True)
    }
    return dict(sorted(networks.items(), key=lambda item: (item[1].kind != "cnn", item[1].kind == "dnn")))


def files_of(networks: Iterable[Network]) -> list[WeightsFile]:
    """Every weight file once: an ensemble may share one with another network."""
    return list({file.path.resolve(): file for network in networks for file in network.files}.values())


def history_of(weights: WeightsFile) -> str | None:
    """Where curves.py finds the history of these weights: their run folder, or the sidecar beside them."""
    if (weights.path.parent / HISTORY).is_file():
        return str(weights.path.parent)
    sidecar = sidecar_path(weights.path)
    return str(sidecar) if sidecar.is_file() else None


def find_data(folder: Path, labels: str | None, networks: Mapping[str, Network]) -> tuple[str, ...]:
    """The options for the data to measure on: PublicTest, labelled test rows, or a run's validation split.

    folder: holds CSV files under their usual names, or is a folder of pictures.
    labels: an `id,label` file for the test.csv in `folder`.
    networks: as `find_networks` gives them. Raises InputError.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that holds your CSV files or class folders")
    wanted = FILE_NAMES["test" if labels else "measure"]
    file = find_csv(folder, wanted)
    if labels:
        if file is None:
            raise InputError(f"{folder}: holds no {' or '.join(wanted)}; give the folder of your CSV files")
        return ("--data", str(file), "--labels", labels)
    data = file or folder
    if file is not None:
        has_test_faces = not file.name.startswith("train.csv")
    else:
        try:
            usage = read_cached(folder).usage
        except InputError as error:
            names = " or ".join(wanted)
            raise InputError(f"{error}; a CSV file must be called {names}") from None
        has_test_faces = usage is not None and bool(usage.any())
    if has_test_faces:
        return ("--data", str(data))
    # All of its faces may be training faces, so only the split that a run held out is left.
    first = next(iter(networks.values()))
    run = RunFolder(first.files[0].path.parent)
    if not (run.state.is_file() and is_fraction(run.read_state().arguments.validation)):
        raise InputError(
            f"{data}: {first.given} was trained without a validation split of its own, so no faces are left "
            f"to measure on; put {' or '.join(wanted[:-1])} beside it, or give --labels for test.csv"
        )
    return ("--data", str(data), "--validation", "run")


def shown_path(path: str | Path) -> str:
    """How the page writes a path: an absolute one as seen from this project's folder, any other as it is."""
    if not Path(path).is_absolute():
        return str(path)
    try:
        return Path(os.path.relpath(path, PROJECT)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(path).name
