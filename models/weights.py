"""Weights: found by what --weights takes, loaded and saved by Keras.

A weight file is Keras's own `.weights.h5`, which holds arrays and never code, with three more: `description`,
a JSON text with the network, the mean and deviation of its training faces and more, and `training_hashes` and
`perceptual_hashes`, by which the faces that it was trained on are recognised.
"""

import contextlib
import hashlib
import io
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data import InputError, write_file
from data.splits import Hashes
from models import NETWORKS, builder

ENDING = ".weights.h5"
# The files of a run folder.
RUN = "run.json"
HISTORY = "history.csv"
BEST = f"best{ENDING}"
LAST = f"last{ENDING}"
CHECKPOINT = f"checkpoint{ENDING}"
FOLD = "fold.csv"

FOLDER = Path(__file__).resolve().parent / "weights"
# The names of shipped weights and their files, whose probabilities are averaged.
SINGLE = [name for name in NETWORKS if (FOLDER / f"{name}{ENDING}").is_file()]
SHIPPED = {name: (name,) for name in SINGLE} | {"ensemble": ("medium", "medium-seed3")}
# The defaults of --weights: the most accurate weights, and those for figures of a single network.
DEFAULT, DEFAULT_SINGLE = "medium", "cnn"
# What --weights takes, for --help: any number of networks, or one.
HELP = f"run folder, {ENDING} file, or shipped weights: {', '.join(SHIPPED)}"
HELP_SINGLE = f"run folder, {ENDING} file, or shipped weights: {', '.join(SINGLE)}"


@dataclass(frozen=True)
class Weights:
    """A weight file, of which all but the weights is read and checked.

    metadata: network, mean, std and whatever the training wrote beside them. hashes: of the faces that the
    network was trained on.
    """

    path: Path
    metadata: dict[str, Any]
    hashes: Hashes

    @property
    def network(self) -> str:
        """The name of the network, one of NETWORKS."""
        return self.metadata["network"]

    @property
    def temperature(self) -> float:
        """What calibrates its probabilities, when its logits are divided by it; 1 where none was fitted."""
        return self.metadata.get("temperature", 1.0)

    @property
    def name(self) -> str:
        """The name in figures: that of the run folder, or the file's own."""
        path = self.path.resolve()
        return path.parent.name if path.name in (BEST, LAST) else path.name.removesuffix(ENDING)


def find_weights(path: str) -> Weights:
    """Read a weight file, the best (else the last) one of a run folder, or shipped weights of one network.

    path: a file, a folder, or a name in SHIPPED. Raises InputError.
    """
    files = _files(path)
    if len(files) > 1:
        raise InputError(f"{path}: is {len(files)} networks; give one of {', '.join(SINGLE)}")
    file = files[0]
    if file.is_dir():
        file /= BEST if (file / BEST).is_file() else LAST
    if not file.is_file():
        raise InputError(f"{file}: no such weights; give a {HELP}")
    return _read(file)


def find_ensemble(paths: Sequence[str]) -> list[Weights]:
    """find_weights for each path; the name of a shipped ensemble stands for its files.

    Raises InputError, also when a file is given twice, which would count twice in a mean.
    """
    found = [find_weights(str(file)) for path in paths for file in _files(path)]
    if len({weights.path.resolve() for weights in found}) < len(found):
        raise InputError(f"{' '.join(paths)}: the same weights are given twice; give them once")
    return found


def load_network(weights: Weights) -> Any:
    """Build the network of a weight file and load its weights: an uncompiled keras.Model.

    Raises InputError when the arrays are damaged, do not fit the network or are not finite.
    """
    network = builder(weights.network)(weights.metadata["mean"], weights.metadata["std"])
    problem = f"is damaged or does not fit the network {weights.network}"
    if metadata_path(weights.path).is_file():  # whose sha256 is right
        problem = f"is whole, but the code builds another {weights.network} since it changed; change it back"
    with damage_in_one_line(weights.path, problem):
        network.load_weights(weights.path)
    # A ReLU may turn a NaN into 0, so that no prediction would show it.
    if not all(np.isfinite(array).all() for array in network.get_weights()):
        raise InputError(f"{weights.path}: is not finite, because the training diverged; train again")
    return network


def save_network(network: Any, path: Path, metadata: Mapping[str, Any], hashes: Hashes) -> None:
    """Write the weights of a keras.Model, without an optimizer's state, whole or not at all.

    metadata: JSON-ready, with network, mean and std. hashes: of the faces that it was trained on.
    Raises OSError.
    """
    import keras

    # Keras would write the optimizer of a compiled model too, which is twice as large as the weights.
    uncompiled = keras.Model(network.inputs, network.outputs)
    arrays = {"training_hashes": hashes.exact, "perceptual_hashes": hashes.perceptual}
    write_file(path, hdf5_bytes(uncompiled, description=json.dumps(metadata), **arrays))


def hdf5_bytes(network: Any, **added: Any) -> memoryview:
    """What Keras's save_weights would write, and further arrays and texts by name, made in memory.

    That includes the state of the optimizer of a compiled network.
    """
    file = MemoryFile()
    network.save_weights(file)
    with h5py.File(file, "a") as stored:
        for name, value in added.items():
            stored[name] = value
    return file.getbuffer()


class MemoryFile(io.BytesIO):
    """A file in memory that Keras takes for one of weights, because it asks for the name's ending only."""

    def __str__(self) -> str:
        return f"memory{ENDING}"


def metadata_path(path: Path) -> Path:
    """The JSON file beside exported weights, with how they were made and their accuracies."""
    return path.with_name(path.name.removesuffix(ENDING) + ".json")


def _files(path: str) -> list[Path]:
    """The files of a shipped name; anything else is a path itself."""
    return [FOLDER / f"{name}{ENDING}" for name in SHIPPED.get(path, ())] or [Path(path)]


def _read(file: Path) -> Weights:
    if not file.name.endswith(ENDING):
        raise InputError(f"{file}: only {ENDING} files are loaded, because other formats can carry code")
    content = file.read_bytes()
    with damage_in_one_line(file, "is damaged or was not written by this suite"):
        with h5py.File(io.BytesIO(content)) as stored:
            metadata = json.loads(stored["description"].asstr()[()])
            exact = stored["training_hashes"][()]
            # Weights of early versions have none.
            perceptual = stored.get("perceptual_hashes", np.empty((0, 2), np.uint64))[()]
        if not metadata.keys() >= {"network", "mean", "std"}:
            raise ValueError("it lacks the network, or the mean or deviation of its faces")
        if metadata["network"] not in NETWORKS:
            raise ValueError(f"unknown network {metadata['network']!r}")
        record, digest = metadata_path(file), hashlib.sha256(content).hexdigest()
        beside = json.loads(record.read_bytes()) if record.is_file() else {}
        # HDF5 does not notice a changed bit.
        if beside.get("sha256", digest) != digest:
            raise ValueError(f"its sha256 is not that in {record.name} beside it")
        # Shipped weights are older than their temperatures.
        metadata |= {name: beside[name] for name in ("temperature",) if name in beside}
    return Weights(file, metadata, Hashes(exact, perceptual))


@contextlib.contextmanager
def damage_in_one_line(file: Path, problem: str) -> Iterator[None]:
    """Raise an InputError for what Keras and h5py raise in this block: almost any of Python's errors."""
    try:
        with warnings.catch_warnings():
            # Before it fails, Keras warns of each layer that it did not load.
            warnings.simplefilter("ignore")
            yield
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        # The first paragraph of Keras's errors counts the layers that failed, the second says why one did.
        reason = " ".join(str(error).split("\n\n")[:2][-1].split())[:200]
        raise InputError(f"{file}: {problem} ({reason}); train or copy it again") from None
