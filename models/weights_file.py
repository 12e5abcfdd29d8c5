"""Reading and writing weight files: Keras's own `.weights.h5`, plus what it takes to rebuild the network.

A file holds arrays and a JSON text, never code: the network is built by this suite from its name. Beside
Keras's groups it has the attribute `description` and the data set `training_hashes`.
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
from data.splits import image_hashes
from models import NETWORK_NAMES, builder
from models.run_files import BEST, LAST

ENDING = ".weights.h5"


@dataclass(frozen=True)
class WeightsFile:
    """A checked weight file, read without TensorFlow.

    description: network, mean, std and whatever the training wrote beside them. training_hashes: (N,) uint64
    from image_hashes, one per image that the weights were fitted to.
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
        path = self.path.resolve()
        return path.parent.name if path.name in (BEST, LAST) else path.name.removesuffix(ENDING)


def seen_in_training(images: np.ndarray, weights: Sequence[WeightsFile]) -> np.ndarray:
    """(N,) bool: which of (N, 48, 48) uint8 images any of the weights was fitted to, as an exact copy."""
    return np.isin(image_hashes(images), np.concatenate([each.training_hashes for each in weights]))


def read_weights(file: Path) -> WeightsFile:
    """Read all of an existing weight file but its weights, and check it. Raises InputError."""
    if not file.name.endswith(ENDING):
        raise InputError(f"{file}: only {ENDING} files are loaded, because other formats can carry code")
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
        raise InputError(f"{file}: does not say which faces it was trained on; train or copy it again")
    _compare_digest(file)
    return WeightsFile(file, description, hashes)


def _grey_level(value: Any) -> float:
    """A mean or deviation of grey levels; NaN when it can be none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 255 else math.nan


def sidecar_path(weights: Path) -> Path:
    """The JSON file beside exported weights that tells how they were made and what they measured."""
    return weights.with_name(weights.name.removesuffix(ENDING) + ".json")


def _compare_digest(file: Path) -> None:
    """InputError when the sidecar of exported weights has another digest: HDF5 notices no changed bit."""
    sidecar = sidecar_path(file)
    if not sidecar.is_file():
        return
    try:
        expected = json.loads(sidecar.read_text()).get("sha256")
    except (OSError, ValueError, AttributeError):
        raise InputError(f"{sidecar}: is damaged; copy it and {file.name} again, or remove it") from None
    if expected is not None and hashlib.sha256(file.read_bytes()).hexdigest() != expected:
        raise InputError(f"{file}: is not the file that {sidecar.name} describes; copy both again")


def load_network(weights: WeightsFile) -> Any:
    """Build the network of a weight file and load its weights: an uncompiled keras.Model.

    Raises InputError when the arrays are damaged or do not fit the network.
    """
    network = builder(weights.network)(weights.description["mean"], weights.description["std"])
    try:
        with warnings.catch_warnings():
            # Keras only warns when it leaves a layer at its random start; that is no network to predict with.
            warnings.simplefilter("error", UserWarning)
            network.load_weights(weights.path)
    except (OSError, RuntimeError, ValueError, KeyError, UserWarning) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{weights.path}: does not fit the network {weights.network} ({reason[:150]}); train or copy it "
            "again"
        ) from None
    # A ReLU may turn a NaN into 0, so that no prediction would show it.
    if not all(np.isfinite(array).all() for array in network.get_weights()):
        raise InputError(f"{weights.path}: holds weights that are not finite; train or copy it again")
    return network


def save_network(network: Any, path: Path, description: dict[str, Any], training_hashes: np.ndarray) -> None:
    """Write the weights of an uncompiled keras.Model, whole or not at all.

    A compiled one would add its optimiser's state. description: JSON-ready, with network, mean and std.
    Raises InputError when the disk is full.
    """
    with atomic_path(path) as temporary:
        network.save_weights(temporary)
        with h5py.File(temporary, "r+") as stored:
            stored.attrs["description"] = json.dumps(description)
            stored["training_hashes"] = training_hashes


def write_half_precision(weights: WeightsFile, path: Path, description: dict[str, Any]) -> None:
    """Copy a weight file with its kernels as float16, which halves the size.

    Vectors (biases, batch normalisation) stay float32: they are few, and a variance may exceed float16's
    range. path: written directly, so a temporary one. description: replaces the file's own. Raises
    InputError when the disk is full.
    """

    def copy(name: str, item: Any) -> None:
        if isinstance(item, h5py.Group):
            copied = target.require_group(name)
        else:
            values = item[()]
            halve = item.dtype == np.float32 and item.ndim > 1
            copied = target.create_dataset(name, data=values.astype(np.float16) if halve else values)
        copied.attrs.update(item.attrs)

    try:
        with h5py.File(weights.path, "r") as source, h5py.File(path, "w") as target:
            source.visititems(copy)
            target.attrs.update(source.attrs)
            target.attrs["description"] = json.dumps(description)
    except RuntimeError:  # what h5py makes of a full disk when it closes the file
        raise InputError(f"{path.parent}: cannot be written; free the disk or choose another place") from None
