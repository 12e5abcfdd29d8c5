"""Weight files: Keras's own `.weights.h5`, plus what it takes to rebuild the network around them.

A file holds arrays and a JSON text, never code: the network is built by this suite from its name. Beside
Keras's groups it carries the attribute `description` and the data set `training_hashes` (data/hashing.py).
"""

import hashlib
import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.hashing import image_hashes
from models.networks import NETWORK_NAMES, builder
from models.shipped import FOLDER, SHIPPED

ENDING = ".weights.h5"


@dataclass(frozen=True)
class WeightsFile:
    """A checked weight file, read without TensorFlow.

    description: network, mean, std and whatever the training wrote beside them. training_hashes: (N,) uint64,
    one per image that the weights were fitted to.
    """

    path: Path
    description: dict[str, Any]
    training_hashes: np.ndarray

    @property
    def network(self) -> str:
        """The name of the network, one of NETWORK_NAMES."""
        return self.description["network"]

    @property
    def name(self) -> str:
        """What figures call it: its run folder's name, or its own."""
        own = self.path.resolve().name.removesuffix(ENDING)
        return self.path.resolve().parent.name if own in ("best", "last") else own


def find_all(paths: Sequence[str]) -> list[WeightsFile]:
    """find_weights of each; the name of a shipped ensemble stands for its files. Raises InputError."""
    return [find_weights(file) for path in paths for file in _shipped(path) or [path]]


def find_weights(path: str) -> WeightsFile:
    """Check a `.weights.h5` file, or the best (else the last) one in a run folder, or shipped weights.

    path: a file, a folder, or one of the names of models/shipped.py. Raises InputError.
    """
    shipped = _shipped(path)
    if len(shipped) > 1:
        single = ", ".join(name for name, files in SHIPPED.items() if len(files) == 1)
        raise InputError(f"{path}: is {len(shipped)} networks; give a single one, such as {single}")
    file = Path(shipped[0] if shipped else path)
    if shipped and not file.is_file():
        raise InputError(f"{path}: {file} is missing; restore it with: git checkout {file}")
    if file.is_dir():
        found = [
            file / f"{name}{ENDING}" for name in ("best", "last") if (file / f"{name}{ENDING}").is_file()
        ]
        if not found:
            raise InputError(f"{path}: holds no best{ENDING} or last{ENDING}; give the folder of a run")
        file = found[0]
    if not file.is_file():
        raise InputError(
            f"{path}: no such weights; give a run folder, a {ENDING} file of this suite, or one of "
            f"{', '.join(SHIPPED)}"
        )
    if not file.name.endswith(ENDING):
        raise InputError(f"{path}: only {ENDING} files are loaded, because other formats can carry code")
    try:
        with h5py.File(file, "r") as stored:
            description = json.loads(stored.attrs["description"])
            hashes = stored["training_hashes"][()]
    except KeyError:
        raise InputError(
            f"{file}: does not say which network it belongs to; this suite did not write it"
        ) from None
    except PermissionError:
        raise InputError(f"{file}: may not be read; change its permissions") from None
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file}: is damaged or not a weight file ({error}); train or copy it again"
        ) from None
    network = description.get("network") if isinstance(description, dict) else None
    if network not in NETWORK_NAMES:
        raise InputError(f"{file}: is for the unknown network {network!r}; known: {', '.join(NETWORK_NAMES)}")
    mean, std = (_grey_level(description.get(name)) for name in ("mean", "std"))
    if math.isnan(mean) or math.isnan(std) or std == 0:
        raise InputError(f"{file}: lacks the mean or deviation of its training set; train or copy it again")
    if not (isinstance(hashes, np.ndarray) and hashes.ndim == 1 and hashes.dtype == np.uint64):
        raise InputError(f"{file}: does not tell the faces of its training; train or copy it again")
    _compare_digest(file)
    return WeightsFile(file, description, hashes)


def _grey_level(value: Any) -> float:
    """A mean or deviation of grey levels; NaN when it can be none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 255 else math.nan


def _compare_digest(file: Path) -> None:
    """InputError when the record beside exported weights tells another digest; HDF5 sees no changed bit."""
    record = record_path(file)
    if not record.is_file():
        return
    try:
        expected = json.loads(record.read_text()).get("sha256")
    except (OSError, ValueError, AttributeError):
        raise InputError(f"{record}: is damaged; copy it and {file.name} again, or remove it") from None
    if expected is not None and hashlib.sha256(file.read_bytes()).hexdigest() != expected:
        raise InputError(f"{file}: is not the file that {record.name} describes; copy both again")


def _shipped(name: str) -> list[str]:
    """The files of a shipped name; empty for anything else. InputError when a folder has that name too."""
    if name in SHIPPED and Path(name).exists():
        raise InputError(
            f"{name}: is here too, beside the shipped weights of that name; write ./{name} for yours, or the "
            f"files in {FOLDER} for the shipped ones"
        )
    return [str(FOLDER / f"{file}{ENDING}") for file in SHIPPED.get(name, ())]


def record_path(weights: Path) -> Path:
    """Where the record of exported weights lies: beside them, with the ending .json."""
    return weights.with_name(weights.name.removesuffix(ENDING) + ".json")


def seen_in_training(images: np.ndarray, weights: Sequence[WeightsFile]) -> np.ndarray:
    """(N,) bool: which of (N, 48, 48) uint8 images any of the weights was fitted to, as an exact copy."""
    return np.isin(image_hashes(images), np.concatenate([each.training_hashes for each in weights]))


def load_network(weights: WeightsFile) -> Any:
    """Build the network of a weight file and load its weights: an uncompiled keras.Model.

    Raises InputError when the arrays are damaged or do not fit the network.
    """
    model = builder(weights.network)(weights.description["mean"], weights.description["std"])
    try:
        with warnings.catch_warnings():
            # Keras only warns when it leaves a layer at its random start; that is no network to predict with.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(weights.path)
    except (OSError, RuntimeError, ValueError, KeyError, UserWarning) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{weights.path}: does not fit the network {weights.network} ({reason[:150]}); train or copy it "
            "again"
        ) from None
    # A ReLU may turn a NaN into 0, so that no prediction would show it.
    if not all(np.isfinite(array).all() for array in model.get_weights()):
        raise InputError(f"{weights.path}: holds weights that are not finite; train or copy it again")
    return model


def save_network(model: Any, path: Path, description: dict[str, Any], training_hashes: np.ndarray) -> None:
    """Write the weights of an uncompiled model (a compiled one would add its optimiser's state), atomically.

    description: JSON-ready, with network, mean and std. Raises InputError when the disk is full.
    """
    with atomic_path(path) as temporary:
        model.save_weights(temporary)
        with h5py.File(temporary, "r+") as stored:
            stored.attrs["description"] = json.dumps(description)
            stored["training_hashes"] = training_hashes


def write_half_precision(weights: WeightsFile, path: Path, description: dict[str, Any]) -> None:
    """Copy a weight file with its kernels as float16, which halves the size.

    Vectors (biases, batch normalisation) stay float32: they are few, and a variance may exceed float16's
    range. path: written directly, so a temporary one. description: replaces the file's own. Raises
    InputError when the disk is full.
    """
    try:
        _copy_in_half_precision(weights, path, description)
    except RuntimeError:  # what h5py makes of a full disk when it closes the file
        raise InputError(f"{path.parent}: cannot be written; free the disk or choose another place") from None


def _copy_in_half_precision(weights: WeightsFile, path: Path, description: dict[str, Any]) -> None:
    with h5py.File(weights.path, "r") as source, h5py.File(path, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                copied: h5py.Group | h5py.Dataset = target.require_group(name)
            else:
                halve = item.dtype == np.float32 and item.ndim > 1
                values = item[()].astype(np.float16) if halve else item[()]
                copied = target.create_dataset(name, data=values)
            copied.attrs.update(item.attrs)

        source.visititems(copy)
        target.attrs.update(source.attrs)
        target.attrs["description"] = json.dumps(description)
