"""Reading and writing weight files: Keras's own `.weights.h5`, plus what it takes to rebuild the network.

A file holds arrays and a JSON text, never code: the network is built by this suite from its name. Beside
Keras's groups it has the text `description` and the arrays `training_hashes` and `perceptual_hashes`; older
files lack the latter.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired

import numpy as np
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from data.atomic import write_files
from data.checked import Deviation, GreyLevel, from_json
from data.copies import WORDS
from data.errors import InputError
from models import NETWORK_NAMES, builder
from models.hdf5 import hdf5_bytes, reading_hdf5
from models.run_files import BEST, LAST

ENDING = ".weights.h5"


@with_config(ConfigDict(extra="allow", strict=True))
class Description(TypedDict):
    """What a weight file says of its network: at least its name, and mean and deviation of its faces."""

    network: str
    mean: GreyLevel
    std: Deviation


@with_config(ConfigDict(extra="allow", strict=True))
class Sidecar(TypedDict):
    """What is read of the JSON beside exported weights: the digest of the weight file."""

    sha256: NotRequired[str | None]


@dataclass(frozen=True)
class WeightsFile:
    """A checked weight file, read without TensorFlow.

    description: network, mean, std and whatever the training wrote beside them. training_hashes: (N,) uint64
    from image_hashes, one per image that the weights were fitted to. perceptual_hashes: of the same images,
    (M, 2) uint64 from data.copies, or None.
    """

    path: Path
    description: dict[str, Any]
    training_hashes: np.ndarray
    perceptual_hashes: np.ndarray | None = None

    @property
    def network(self) -> str:
        """The name of the network, one of NETWORK_NAMES."""
        return self.description["network"]

    @property
    def name(self) -> str:
        """The name in figures: that of the run folder, or the file's own."""
        path = self.path.resolve()
        return path.parent.name if path.name in (BEST, LAST) else path.name.removesuffix(ENDING)


def read_weights(file: Path) -> WeightsFile:
    """Read and check everything in an existing weight file except its weights. Raises InputError."""
    if not file.name.endswith(ENDING):
        raise InputError(f"{file}: only {ENDING} files are loaded, because other formats can carry code")
    with reading_hdf5(file, "is damaged or does not say which network it belongs to") as stored:
        text = stored.text("description")
    try:
        description = from_json(Description, text)
    except ValueError as error:
        raise InputError(
            f"{file}: is for an unknown network, or lacks the mean or deviation of its training set "
            f"({error}); train or copy it again"
        ) from None
    with reading_hdf5(file, "does not say which faces it was trained on") as stored:
        hashes = stored.array("training_hashes", [np.uint64], (None,))
        perceptual_hashes = None
        if "perceptual_hashes" in stored.file:
            perceptual_hashes = stored.array("perceptual_hashes", [np.uint64], (None, WORDS))
    if description["network"] not in NETWORK_NAMES:
        raise InputError(
            f"{file}: is for the unknown network {description['network'][:30]!r}; known: "
            f"{', '.join(NETWORK_NAMES)}"
        )
    _compare_digest(file)
    return WeightsFile(file, dict(description), hashes, perceptual_hashes)


def sidecar_path(weights: Path) -> Path:
    """The JSON file beside exported weights, with how they were made and their accuracies."""
    return weights.with_name(weights.name.removesuffix(ENDING) + ".json")


def _compare_digest(file: Path) -> None:
    """InputError when the sidecar of exported weights has another digest: HDF5 notices no changed bit."""
    sidecar = sidecar_path(file)
    if not sidecar.is_file():
        return
    try:
        expected = from_json(Sidecar, sidecar.read_bytes()).get("sha256")
    except (OSError, ValueError):
        raise InputError(f"{sidecar}: is damaged; copy it and {file.name} again, or remove it") from None
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if expected not in (None, digest):
        raise InputError(f"{file}: is not the file that {sidecar.name} describes; copy both again")


def load_network(weights: WeightsFile) -> Any:
    """Build the network of a weight file and load its weights: an uncompiled keras.Model. Raises InputError
    when the arrays are damaged or do not fit the network.
    """
    network = builder(weights.network)(weights.description["mean"], weights.description["std"])
    with reading_hdf5(weights.path, f"does not fit the network {weights.network}") as stored:
        for name, variable in variables_by_name(network).items():
            array = stored.array(name, [np.float32, np.float16], tuple(variable.shape))
            # A ReLU may turn a NaN into 0, so that no prediction would show it.
            if not np.isfinite(array).all():
                raise ValueError(f"{name} is not finite")
            variable.assign(array)
    return network


def variables_by_name(network: Any) -> dict[str, Any]:
    """The variables of a keras.Model by the names that Keras gives them in its own weight files.

    These count the layers of each class: 'layers/conv2d/vars/0', then 'layers/conv2d_1/vars/0'.
    """
    variables = {}
    count: Counter[str] = Counter()
    for layer in network.layers:
        words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
        kind = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
        number = f"_{count[kind]}" if count[kind] else ""
        count[kind] += 1
        for index, variable in enumerate(layer.weights):
            variables[f"layers/{kind}{number}/vars/{index}"] = variable
    return variables


def save_network(
    network: Any,
    path: Path,
    description: dict[str, Any],
    training_hashes: np.ndarray,
    perceptual_hashes: np.ndarray | None = None,
) -> None:
    """Write the weights of a keras.Model, without an optimiser's state, whole or not at all.

    description: JSON-ready, with network, mean and std. The hashes are those of WeightsFile. Raises
    InputError when the disk is full.
    """
    content = _weights_bytes(network, np.float32, description, training_hashes, perceptual_hashes)
    write_files({path: content})


def write_half_precision(weights: WeightsFile, path: Path, description: dict[str, Any]) -> None:
    """Copy a weight file with its kernels as float16, which halves the size.

    path: written directly, so a temporary one. description: replaces the file's own. Raises OSError when the
    disk is full.
    """
    network = load_network(weights)
    hashes = (weights.training_hashes, weights.perceptual_hashes)
    path.write_bytes(_weights_bytes(network, np.float16, description, *hashes))


def _weights_bytes(
    network: Any,
    kernel_dtype: Any,
    description: dict[str, Any],
    training_hashes: np.ndarray,
    perceptual_hashes: np.ndarray | None,
) -> memoryview:
    """Vectors (biases, batch normalisation) stay float32: they are few, and a variance may be too large."""
    arrays = {
        name: np.asarray(variable).astype(kernel_dtype if len(variable.shape) > 1 else np.float32)
        for name, variable in variables_by_name(network).items()
    }
    arrays["training_hashes"] = training_hashes
    if perceptual_hashes is not None:
        arrays["perceptual_hashes"] = perceptual_hashes
    return hdf5_bytes(arrays, {"description": json.dumps(description)})
